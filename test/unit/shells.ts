import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { installTools } from "../../lab/base.ts";
import { run } from "../../lab/exec.ts";
import { directory } from "./mockedStack.ts";

/** A shell and an awk that a host may have. */
export interface Shell {
  readonly name: string;
  /** A directory in which they are called `sh` and `awk`. */
  readonly tools: string;
}

/** Every shell with every awk; installs those that are missing. Where that cannot be done, and this is not CI, those that are here. */
export async function everyShell(): Promise<Shell[]> {
  await installTools("mawk", "gawk", "busybox").catch((error: Error) => {
    if (process.env.CI === "true") {
      throw error;
    }
    console.log(`Left out: shells and awks (${error.message})`);
  });
  const made: Shell[] = [];
  // bash called sh is `bash --posix`, busybox called sh is its ash
  for (const sh of ["dash", "bash", "busybox"]) {
    for (const awk of ["mawk", "gawk", "busybox"]) {
      const programs = [await whereIs(sh), await whereIs(awk)] as const;
      if (programs[0] === "" || programs[1] === "") {
        continue;
      }
      const name = `${sh} with ${awk}`;
      const tools = join(directory, name.replaceAll(" ", "-"));
      mkdirSync(tools);
      symlinkSync(programs[0], join(tools, "sh"));
      symlinkSync(programs[1], join(tools, "awk"));
      made.push({ name, tools });
    }
  }
  return made;
}

/** Where a program is; empty if it is not on this machine. */
async function whereIs(command: string): Promise<string> {
  return (await run("sh", ["-c", `command -v ${command} || :`])).trim();
}
