import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { commands, inLab, type Kind } from "../contender.ts";
import { writeSshConfig } from "../sshConfig.ts";

/** The guide's loops over the hosts, one SSH session after the other. */
export function guide(openssh: string): Kind {
  return {
    id: "guide",
    title: "the guide's ssh loop",
    version: openssh,
    again: "does everything again",
    async start(site) {
      const machines = join(site.directory, "machines.txt");
      const config = writeSshConfig(site, false);
      const bench = join(import.meta.dirname, "..");
      return {
        ...commands((verb) =>
          inLab(site, bench, ["bash", "guide/loop.sh", verb, machines, config]),
        ),
        async describe(nodes) {
          const lines = nodes.map(
            ({ name, address, podCidrs: [podCidr = ""] }) =>
              `${address} ${name}.kubernetes.local ${name} ${podCidr}`.trimEnd(),
          );
          writeFileSync(machines, `${lines.join("\n")}\n`);
        },
      };
    },
  };
}
