import { readdirSync, readFileSync } from "node:fs";

/** The text of a file; empty if it is not there, or is of a process that has ended. */
export function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** The names in a directory; none if it is not there, or is of a process that has ended. */
export function listIfThere(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
