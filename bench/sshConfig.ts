import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Site } from "./contender";

/**
 * A configuration for OpenSSH's client that knows the hosts and nothing else.
 *
 * @param fast agree on keys as ours does, which costs the hosts least
 */
export function writeSshConfig(
  { lab, directory }: Site,
  fast: boolean,
): string {
  const file = join(directory, "ssh_config");
  const lines = [
    "User root",
    `IdentityFile ${lab.key}`,
    "IdentitiesOnly yes",
    `UserKnownHostsFile ${lab.knownHosts}`,
    "GlobalKnownHostsFile /dev/null",
    "StrictHostKeyChecking yes",
    "BatchMode yes",
    ...(fast ? ["KexAlgorithms ecdh-sha2-nistp256"] : []),
  ];
  writeFileSync(file, `${lines.join("\n")}\n`);
  return file;
}
