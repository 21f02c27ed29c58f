import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";

/** Makes a directory that is removed after the last test of the file or suite. */
export function temporaryDirectory(name: string): string {
  const directory = mkdtempSync(join(tmpdir(), `pod-network-routes-${name}-`));
  after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
