import type { types } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Credentials } from "./credentials.ts";
import type { Access, Endpoint } from "./endpoints.ts";
import type { HostAnswer } from "./preflight.ts";
import type { Ssh } from "./sshArgs.ts";

/**
 * All commands go through the bastion at about the same time, and its sshd turns away some of those
 * who have not logged in yet (MaxStartups). Preflight has already logged in to it.
 */
const bastionAttempts = 10;

/**
 * The `connection` by which the command provider reaches a node. The provider would wait for ever for a host that
 * accepts the connection and sends nothing, and for a bastion that does not answer a request for a channel. Where
 * preflight found one of these, the connection gets a port on which no server listens, so that the provider fails at
 * once.
 */
export function commandConnection(
  node: string,
  { hosts, ssh }: Access,
  finding?: HostAnswer,
): types.input.remote.ConnectionArgs {
  const endpoint = hosts.byNode.get(node);
  if (endpoint === undefined) {
    throw new Error(`no endpoint of ${node}`);
  }
  const { bastion, credentials } = hosts;
  const attempts = ssh.connectAttempts;
  const direct = toEndpoint(endpoint, credentials, ssh, attempts);
  if (finding?.state === "silent" && !pulumi.runtime.isDryRun()) {
    return { ...direct, port: 0, dialErrorLimit: 0 };
  }
  if (bastion === undefined) {
    return direct;
  }
  const most = Math.max(attempts, bastionAttempts);
  return { ...direct, proxy: toEndpoint(bastion, credentials, ssh, most) };
}

function toEndpoint(
  { host, port, user, hostKey }: Endpoint,
  { privateKey, passphrase, agentSocket }: Credentials,
  ssh: Ssh,
  attempts: number,
): types.input.remote.ProxyConnectionArgs {
  return {
    host,
    port,
    user,
    ...(hostKey !== undefined && { hostKey }),
    ...(privateKey !== undefined && { privateKey }),
    ...(passphrase !== undefined && { privateKeyPassword: passphrase }),
    ...(agentSocket !== undefined && { agentSocketPath: agentSocket }),
    perDialTimeout: ssh.connectTimeout,
    dialErrorLimit: attempts,
  };
}
