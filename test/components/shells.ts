import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { installTools } from "../../lab/base";
import { run } from "../../lab/exec";
import { directory } from "./support";

/** A shell and an awk that a host may have. */
export interface Shell {
  readonly name: string;
  /** A directory in which they are called `sh` and `awk`. */
  readonly tools: string;
}

/** Every shell with every awk; installs those that are missing here. */
export async function everyShell(): Promise<Shell[]> {
  await installTools("mawk", "gawk", "busybox");
  const made: Shell[] = [];
  // bash called sh is `bash --posix`, busybox called sh is its ash
  for (const sh of ["dash", "bash", "busybox"]) {
    for (const awk of ["mawk", "gawk", "busybox"]) {
      const name = `${sh} with ${awk}`;
      const tools = join(directory, name.replaceAll(" ", "-"));
      mkdirSync(tools);
      symlinkSync(await whereIs(sh), join(tools, "sh"));
      symlinkSync(await whereIs(awk), join(tools, "awk"));
      made.push({ name, tools });
    }
  }
  return made;
}

async function whereIs(command: string): Promise<string> {
  return (await run("sh", ["-c", `command -v ${command}`])).trim();
}
