import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { hasCommand, run } from "./exec.ts";
import { cache, root } from "./paths.ts";

const sources = join(root, "lab");

/** Where in the cache a program belongs that is built from these files below lab/; another place once they change. */
export function builtFrom(name: string, ...files: string[]): string {
  const hash = createHash("sha256");
  for (const file of files) {
    hash.update(readFileSync(join(sources, file)));
  }
  return join(cache, `${name}-${hash.digest("hex").slice(0, 12)}`);
}

/** Throws where nothing can be built. */
export async function needGo(what: string): Promise<void> {
  if (!(await hasCommand("go"))) {
    throw new Error(
      `there is no ${what} here, it cannot be downloaded, and there is no Go to build it with: install one of the two`,
    );
  }
}

/** The version of a Go module that a folder below lab/ requires. */
export async function moduleVersion(
  part: string,
  module: string,
): Promise<string> {
  const args = ["list", "-m", "-f", "{{.Version}}", module];
  return (await run("go", args, { cwd: join(sources, part) })).trim();
}

export interface GoBuildOptions {
  /** Default: without symbols. */
  readonly ldflags?: string;
  readonly tags?: string;
  /** Patterns of packages that are compiled without optimization, which takes less time. */
  readonly unoptimized?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Compiles programs with the Go modules that a folder below lab/ lists.
 *
 * @param targets the programs' packages: those of modules, or `.` for the folder itself
 */
export async function goBuild(
  part: string,
  targets: readonly string[],
  directory: string,
  {
    ldflags = "-s -w",
    tags = "",
    unoptimized = [],
    env = {},
  }: GoBuildOptions = {},
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
      "-tags",
      tags,
      ...unoptimized.map((packages) => `-gcflags=${packages}=-N -l`),
      "-o",
      `${directory}/`,
      ...targets,
    ],
    { cwd: join(sources, part), env: { ...process.env, ...env } },
  );
}
