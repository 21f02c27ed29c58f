import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

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
