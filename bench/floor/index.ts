// The least that a Pulumi program with one remote command a host can cost: each runs `true`. Its
// argument is how many there are, so that all of them change, as ours do, when a host is added.
import { readFileSync } from "node:fs";
import { remote } from "@pulumi/command";

interface Described {
  hosts: { name: string; address: string; hostKey: string }[];
  connection: { user: string; privateKey: string };
}

const { hosts, connection }: Described = JSON.parse(
  readFileSync(process.env.FLOOR ?? "", "utf8"),
);
for (const { name, address, hostKey } of hosts) {
  new remote.Command(name, {
    connection: { ...connection, host: address, hostKey },
    create: `true ${hosts.length}`,
    delete: "true",
  });
}
