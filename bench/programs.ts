import { cpSync } from "node:fs";
import { join, relative } from "node:path";
import { run } from "../lab/exec.ts";
import { root } from "../lab/paths.ts";

/** What `nodeargs` in Pulumi.yaml has Node.js load first, which turns on the compile cache. */
const preload = ["preload.cjs", "nodeVersion.cjs"];

/** The files and folders that make up this project's program. */
export const programFiles = [
  "index.ts",
  "Pulumi.yaml",
  "package.json",
  ...preload,
  "components",
  "program",
];

/**
 * Makes a copy of this project as a user has it who has installed no cloud's SDK, which is what
 * `npm start` does: what else is in node_modules here, for the tests, would slow Pulumi down.
 */
export async function copyOfProject(directory: string): Promise<void> {
  copy(directory, ...programFiles, "examples", ...(await packages()));
}

/** Makes the smallest program, with the same packages. */
export async function copyOfFloor(directory: string): Promise<void> {
  cpSync(join(import.meta.dirname, "floor"), directory, { recursive: true });
  copy(directory, ...preload, ...(await packages()));
}

/** Where the packages are that `npm ci --omit=dev --omit=optional` installs. */
async function packages(): Promise<string[]> {
  const args = ["ls", "--all", "--parseable", "--omit=dev", "--omit=optional"];
  const [, ...paths] = (await run("npm", args, { cwd: root }))
    .trim()
    .split("\n");
  return paths.map((path) => relative(root, path));
}

function copy(directory: string, ...files: readonly string[]): void {
  for (const file of files) {
    cpSync(join(root, file), join(directory, file), {
      recursive: true,
      filter: (path) => path !== join(root, "components/dist"),
    });
  }
}
