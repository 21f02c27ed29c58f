import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";

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

/** Replaces a file in one step, so that other processes read either the old one or the new one. */
export function replaceFile(file: string, text: string, mode = 0o644): void {
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, text, { mode });
  renameSync(unfinished, file);
}
