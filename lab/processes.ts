import { listIfThere, readIfThere } from "./optionalFiles.ts";

/** All processes that a process has started, and those that these have started. */
export function descendants(pid: number): number[] {
  return children(pid).flatMap((child) => [child, ...descendants(child)]);
}

/** The first process by this name among those that a process has started, or these have. */
export function descendant(pid: number, name: string): number | undefined {
  return descendants(pid).find(
    (child) => readIfThere(`/proc/${child}/comm`).trim() === name,
  );
}

/** The processes that a process has started, whichever thread of it. */
export function children(pid: number): number[] {
  return listIfThere(`/proc/${pid}/task`)
    .flatMap((thread) =>
      readIfThere(`/proc/${pid}/task/${thread}/children`).split(" "),
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
  return readIfThere(`/proc/${pid}/cmdline`).replaceAll("\0", " ");
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
