import type { types } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { connection, type Hosts } from "./endpoints.ts";
import type { Finding } from "./preflight.ts";
import type { Ssh } from "./sshArgs.ts";

/**
 * How the provider reaches a node. It would wait for ever on a host that takes the connection and says nothing,
 * and on a bastion that does not answer when asked for a host. Where preflight found one, the provider is given
 * a port at which it fails at once, which no host has, and no bastion.
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
  if (finding?.state !== "silent" || pulumi.runtime.isDryRun()) {
    return usual;
  }
  const { proxy: _, ...direct } = usual;
  return { ...direct, port: 0, dialErrorLimit: 0 };
}
