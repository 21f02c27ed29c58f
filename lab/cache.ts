import { createHash, randomUUID } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { cache, root } from "./paths.ts";

/** Where in the cache something belongs that is made from these files, relative to lab/; another place once they change. */
export function builtFrom(name: string, ...files: string[]): string {
  const hash = createHash("sha256");
  for (const file of files) {
    hash.update(readFileSync(join(root, "lab", file)));
  }
  return join(cache, `${name}-${hash.digest("hex").slice(0, 12)}`);
}

/** Makes a directory of the cache, unless it is there. It gets its name only when it is complete. */
export async function once(
  directory: string,
  make: (unfinished: string) => Promise<void>,
): Promise<string> {
  if (!existsSync(directory)) {
    const unfinished = `${directory}.${randomUUID()}`;
    mkdirSync(dirname(directory), { recursive: true });
    try {
      await make(unfinished);
      renameSync(unfinished, directory);
    } catch (error) {
      if (!existsSync(directory)) {
        throw error;
      } // else another process was faster
    } finally {
      rmSync(unfinished, { recursive: true, force: true });
    }
  }
  return directory;
}

/** Remembers, by an empty file, that something has just failed. */
export function mark(file: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, "");
}

/** Whether it failed within the last day, so that it need not be tried again. */
export function wasMarkedToday(file: string): boolean {
  return (
    existsSync(file) && Date.now() - statSync(file).mtimeMs < 24 * 3600 * 1000
  );
}
