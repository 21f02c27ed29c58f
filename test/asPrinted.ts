import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../lab/exec.ts";
import type { Lab } from "../lab/lab.ts";
import type { Stack } from "../lab/stack.ts";

/**
 * Runs a command of a report as it stands, in a shell in the lab's network. What users have in files of their home,
 * ssh is given here by options; what they would answer, Pulumi is.
 */
export function asPrinted(
  lab: Lab,
  stack: Stack,
  command: string,
): Promise<string> {
  const env = stack.environment();
  const bin = join(lab.directory, "bin");
  mkdirSync(bin, { recursive: true });
  const options = `-i ${lab.key} -o UserKnownHostsFile=${lab.knownHosts} -o BatchMode=yes`;
  const wrapped = { ssh: `ssh ${options} "$@"`, pulumi: 'pulumi "$@" --yes' };
  for (const [name, real] of Object.entries(wrapped)) {
    const script = `#!/bin/sh\nPATH='${env.PATH}'\nexec ${real}\n`;
    writeFileSync(join(bin, name), script);
    chmodSync(join(bin, name), 0o755);
  }
  const [program = "", ...args] = stack.inside(["sh", "-c", command]);
  return run(program, args, {
    cwd: stack.project,
    env: { ...env, PATH: `${bin}:${env.PATH}` },
  });
}
