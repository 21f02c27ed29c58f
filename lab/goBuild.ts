import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { run, tryRun } from "./exec";
import { cache, root } from "./paths";

const sources = join(root, "lab/engine");

/** Where in the cache a program belongs that is built from these files of lab/engine; another place once they change. */
export function builtFrom(name: string, ...files: string[]): string {
  const hash = createHash("sha256");
  for (const file of files) {
    hash.update(readFileSync(join(sources, file)));
  }
  return join(cache, `${name}-${hash.digest("hex").slice(0, 12)}`);
}

/** Throws where nothing can be built. */
export async function needGo(what: string): Promise<void> {
  if ((await tryRun("sh", ["-c", "command -v go"])).code !== 0) {
    throw new Error(
      `there is no ${what} here, it cannot be downloaded, and there is no Go to build it with: install one of the two`,
    );
  }
}

/**
 * Compiles a program with the Go modules that a folder of lab/engine lists.
 *
 * @param target the program's package: that of a module, or `.` for the folder itself
 */
export async function goBuild(
  part: string,
  target: string,
  directory: string,
  ldflags = "-s -w",
): Promise<void> {
  mkdirSync(directory, { recursive: true });
  await run(
    "go",
    [
      "build",
      "-trimpath",
      "-buildvcs=false",
      "-ldflags",
      ldflags,
      "-o",
      `${directory}/`,
      target,
    ],
    { cwd: join(sources, part) },
  );
}
