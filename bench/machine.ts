import { readFileSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { run } from "../lab/exec.ts";
import { root } from "../lab/paths.ts";
import { programFiles } from "./programs.ts";

/** The machine, as a line for the records. */
export function machine(): string {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${availableParallelism()} cores (${cpu?.model.trim() ?? "unknown"}), ${memory} GiB, Linux ${release()}, Node.js ${process.version}; client and hosts share it`;
}

/** The version of this project: that of its package.json, and the commit. */
export async function projectVersion(): Promise<string> {
  const { version } = JSON.parse(
    readFileSync(join(root, "package.json"), "utf8"),
  );
  const git = (...args: string[]) => run("git", args, { cwd: root });
  const commit = (await git("rev-parse", "--short", "HEAD")).trim();
  const changed = (await git("status", "--porcelain", ...programFiles)).trim();
  return `${version} at ${commit}${changed === "" ? "" : " with changes"}`;
}
