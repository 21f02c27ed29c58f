import { readdirSync, readFileSync } from "node:fs";

/** All processes that a process has started, and those that these have started. */
export function descendants(pid: number): number[] {
  return children(pid).flatMap((child) => [child, ...descendants(child)]);
}

/** The first process by this name among those that a process has started, or these have. */
export function descendant(pid: number, name: string): number | undefined {
  return descendants(pid).find(
    (child) => read(`/proc/${child}/comm`).trim() === name,
  );
}

/** The processes that a process has started, whichever thread of it. */
function children(pid: number): number[] {
  return list(`/proc/${pid}/task`)
    .flatMap((thread) =>
      read(`/proc/${pid}/task/${thread}/children`).split(" "),
    )
    .filter(Boolean)
    .map(Number);
}

/** The first of these processes whose command line matches. */
export function withCommandLine(
  pids: readonly number[],
  pattern: RegExp,
): number | undefined {
  return pids.find((pid) => pattern.test(commandLine(pid)));
}

/** The command line of a process; empty if the process has ended. */
export function commandLine(pid: number): string {
  return read(`/proc/${pid}/cmdline`).replaceAll("\0", " ");
}

/** Ends a process at once; false if it is not there any more. */
export function killNow(pid: number | undefined): boolean {
  if (pid === undefined) {
    return false;
  }
  try {
    process.kill(pid, "SIGKILL");
    return true;
  } catch {
    return false;
  }
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // it has just ended
  }
}

/** A file of a process; empty if the process has ended. */
export function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
