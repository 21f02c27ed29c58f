import type { types } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Ssh } from "./args";
import { connection, type Hosts } from "./hosts";
import type { Finding } from "./preflight";

/**
 * How the provider reaches a node. It would wait for ever on a host that takes the connection and says
 * nothing; where preflight found one, it is given a port at which it fails at once, which no host has.
 */
export function connectionTo(
  node: string,
  { hosts, ssh }: { readonly hosts: Hosts; readonly ssh: Ssh },
  finding?: Finding,
): types.input.remote.ConnectionArgs {
  const endpoint = hosts.byNode.get(node);
  if (endpoint === undefined) {
    throw new Error(`no endpoint of ${node}`);
  }
  const usual = connection(endpoint, hosts, ssh);
  return finding?.state === "silent" && !pulumi.runtime.isDryRun()
    ? { ...usual, port: 0, dialErrorLimit: 0 }
    : usual;
}
