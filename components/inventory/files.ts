import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { homedir } from "node:os";
import { resolve } from "node:path";
import { type Faults, show } from "../core/faults.ts";

/** How many bytes a file may have: a known_hosts file of that size has some hundred thousand lines. */
const mostBytes = 16 * 1024 ** 2;

/**
 * Reads a file that the input names, relative to the project; `~/` is the user's home. Adds a fault if it cannot
 * be read, is larger than `most` bytes, or is no regular file: a pipe may never end.
 */
export function readInputFile(
  name: string,
  path: string,
  faults: Faults,
  most = mostBytes,
): string | undefined {
  try {
    return readRegularFile(
      resolve(name.replace(/^~(?=\/)/, homedir())),
      most,
    ).toString();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason =
      code === "ENOENT"
        ? "does not exist"
        : code === undefined
          ? message
          : `cannot be read (${code})`;
    faults.add(path, `file ${show(name)} ${reason}`);
    return undefined;
  }
}

function readRegularFile(path: string, most: number): Buffer {
  // without O_NONBLOCK, opening a pipe waits until somebody writes into it
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(file);
    // readSync refuses a directory with EISDIR
    if (!stat.isFile() && !stat.isDirectory()) {
      throw new Error("is no regular file");
    }
    const pieces: Buffer[] = [];
    let left = most;
    for (let read = -1; read !== 0; left -= read) {
      const piece = Buffer.alloc(65_536);
      read = readSync(file, piece);
      pieces.push(piece.subarray(0, read));
      if (read > left) {
        throw new Error(`has more than ${most} bytes`);
      }
    }
    return Buffer.concat(pieces);
  } finally {
    closeSync(file);
  }
}
