import * as pulumi from "@pulumi/pulumi";
import type { Faults } from "../core/faults.ts";
import { readInputFile } from "../inventory/files.ts";
import { known } from "../stack/known.ts";
import { keyProblem, mostKey } from "./privateKey.ts";
import type { Ssh } from "./sshArgs.ts";

/** How to log in on the hosts and the bastion: by a private key as the user gave it, or by the keys of an SSH agent. */
export interface Credentials {
  /** Undefined: the keys of the agent are used. */
  readonly privateKey: pulumi.Input<string> | undefined;
  readonly passphrase: pulumi.Input<string> | undefined;
  /** Undefined: `$SSH_AUTH_SOCK`. */
  readonly agentSocket: string | undefined;
}

/** Reads the credentials; adds a fault for each that is missing or cannot be used. */
export function readCredentials(ssh: Ssh, faults: Faults): Credentials {
  const passphrase = ssh.privateKeyPassphrase;
  if (ssh.privateKey !== undefined && ssh.privateKeyFile !== undefined) {
    faults.add(
      "ssh.privateKeyFile",
      "privateKey is given too, give one of the two",
    );
  }
  let { privateKey } = ssh;
  let path = "ssh.privateKey";
  if (ssh.privateKeyFile !== undefined) {
    path = "ssh.privateKeyFile";
    privateKey = readInputFile(ssh.privateKeyFile, path, faults, mostKey);
  }
  if (
    typeof privateKey === "string" &&
    (passphrase === undefined || typeof passphrase === "string")
  ) {
    const problem = keyProblem(privateKey, passphrase);
    if (problem !== undefined) {
      faults.add(path, `holds no usable private key: ${problem}`);
    }
  }
  if (
    ssh.privateKey === undefined &&
    ssh.privateKeyFile === undefined &&
    !(ssh.agentSocket ?? process.env.SSH_AUTH_SOCK)
  ) {
    faults.add(
      "ssh",
      "no way to log in: give privateKeyFile, privateKey (as a secret), or start an SSH agent (ssh-add)",
    );
  }
  return { privateKey, passphrase, agentSocket: ssh.agentSocket };
}

/** Private key and passphrase as text, however long they take to be known; undefined if they are known only in an `up`. */
export async function plainKey({
  privateKey,
  passphrase,
}: Credentials): Promise<
  | { privateKey?: string | undefined; passphrase?: string | undefined }
  | undefined
> {
  const found = await known(pulumi.all([privateKey, passphrase]));
  return found && { privateKey: found.value[0], passphrase: found.value[1] };
}
