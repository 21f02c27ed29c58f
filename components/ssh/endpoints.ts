import { type Faults, show } from "../core/faults.ts";
import { join } from "../core/schema.ts";
import { shellFile } from "../core/shellFile.ts";
import { shellWord } from "../core/shellWord.ts";
import { readInputFile } from "../inventory/files.ts";
import type { Node } from "../inventory/nodes.ts";
import { type Credentials, readCredentials } from "./credentials.ts";
import {
  findHostKey,
  isPinnableKey,
  parseKnownHosts,
  pinnableKeyTypes,
} from "./knownHosts.ts";
import type { Ssh } from "./sshArgs.ts";

/** Where an SSH server is, who logs in there, and the host key it has to show; no key where `ssh.hostKeyCheck` is off. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly hostKey: string | undefined;
}

/** An endpoint with the credentials for it as plain text. */
export interface Login extends Endpoint {
  /** Undefined: a key of the SSH agent. */
  readonly privateKey?: string | undefined;
  readonly passphrase?: string | undefined;
  /** The agent's socket. Default: `$SSH_AUTH_SOCK`. */
  readonly agentSocket?: string | undefined;
}

/** The endpoints of all nodes by their names, the bastion before them, and the credentials for all of them. */
export interface Hosts {
  readonly byNode: ReadonlyMap<string, Endpoint>;
  readonly bastion: Endpoint | undefined;
  readonly credentials: Credentials;
}

/** How the hosts of a component are reached. */
export interface Access {
  readonly hosts: Hosts;
  readonly ssh: Ssh;
}

/** Finds the host key of every node and the credentials; adds a fault for each that is missing. */
export function readHosts(
  ssh: Ssh,
  nodes: readonly Node[],
  faults: Faults,
): Hosts {
  // A node with a fault of its own is left out, and may be the one with this host key.
  const complete = faults.all.length === 0;
  const hostKey = hostKeyFinder(ssh, faults);
  const byNode = new Map(
    nodes.map((node) => {
      const names = [node.address, node.name, ...node.aliases];
      const key = hostKey(node.name, names, ssh.port, node.path);
      return [
        node.name,
        { host: node.address, port: ssh.port, user: ssh.user, hostKey: key },
      ];
    }),
  );
  const bastion = ssh.bastion && {
    host: ssh.bastion.host,
    port: ssh.bastion.port,
    user: ssh.bastion.user ?? ssh.user,
    hostKey: hostKey(
      "bastion",
      [ssh.bastion.host],
      ssh.bastion.port,
      "ssh.bastion",
    ),
  };
  for (const name of Object.keys(ssh.hostKeys)) {
    if (complete && !byNode.has(name) && name !== "bastion") {
      faults.add(join("ssh.hostKeys", name), "is the name of no node");
    }
  }
  return { byNode, bastion, credentials: readCredentials(ssh, faults) };
}

function hostKeyFinder(ssh: Ssh, faults: Faults) {
  if (!ssh.hostKeyCheck) {
    return () => undefined;
  }
  // Read on first use: whoever lists every host key in the config needs no file.
  let entries: ReturnType<typeof parseKnownHosts> | undefined;
  let missing = false;
  return (
    node: string,
    names: readonly string[],
    port: number,
    path: string,
  ) => {
    // A node may be called "constructor".
    const given = Object.hasOwn(ssh.hostKeys, node)
      ? ssh.hostKeys[node]
      : undefined;
    if (given !== undefined) {
      if (!isPinnableKey(given)) {
        faults.add(
          join("ssh.hostKeys", node),
          `${show(given)} is no host key, expected TYPE BASE64 with a type of ${pinnableKeyTypes}`,
        );
      }
      return given;
    }
    if (entries === undefined) {
      const file = readInputFile(
        ssh.knownHostsFile,
        "ssh.knownHostsFile",
        faults,
      );
      missing = file === undefined;
      entries = parseKnownHosts(file ?? "");
    }
    const key = findHostKey(entries, names, port);
    if (key === undefined && !missing) {
      const file = shellFile(ssh.knownHostsFile);
      const scan = `ssh-keyscan${port === 22 ? "" : ` -p ${port}`} -t ed25519,ecdsa ${shellWord(names[0] ?? "")} >> ${file}`;
      faults.add(
        path,
        `no ${pinnableKeyTypes} host key of ${node} (${[...new Set(names)].join(", ")}) is in ${ssh.knownHostsFile}; once you trust the network: ${file === undefined ? "add it with ssh-keyscan" : scan}`,
      );
    }
    return key;
  };
}
