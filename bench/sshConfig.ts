import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Site } from "./contender.ts";

/**
 * A configuration for OpenSSH's client that knows the hosts and nothing else.
 *
 * @param fast exchange keys by P-256, which costs the hosts least; OpenSSH's own way costs twice the processor time
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
