import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { resolve } from "node:path";
import { type Faults, show } from "./core/faults";

/** Reads a file that the input names, relative to the project; `~/` is the user's home. Adds a fault if it cannot be read. */
export function readInputFile(
  name: string,
  path: string,
  faults: Faults,
): string | undefined {
  try {
    return readFileSync(resolve(name.replace(/^~(?=\/)/, homedir())), "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const reason =
      code === "ENOENT" ? "does not exist" : `cannot be read (${code})`;
    faults.add(path, `file ${show(name)} ${reason}`);
    return undefined;
  }
}
