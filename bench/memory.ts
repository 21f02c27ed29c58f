import { setTimeout as sleep } from "node:timers/promises";
import { readIfThere } from "../lab/optionalFiles.ts";
import { commandLine } from "../lab/processes.ts";
import type { Group } from "./group.ts";

/** The most memory that a command had at a time, in MiB. */
export interface Memory {
  /** All its processes together. What several share counts once: PSS, see proc(5). */
  readonly treeMiB: number;
  /** The process that runs the user's program, or the largest one. */
  readonly programMiB: number;
}

const interval = 50;

/** Looks at the memory of all processes of a group until it has ended. */
export async function watchMemory(
  group: Group,
  ended: Promise<unknown>,
  program = /./,
): Promise<Memory> {
  let running = true;
  void ended.then(() => {
    running = false;
  });
  let tree = 0;
  let largest = 0;
  while (running) {
    let sum = 0;
    for (const pid of group.pids) {
      sum += kibibytes(pid, "smaps_rollup", "Pss");
      if (program.test(commandLine(pid))) {
        largest = Math.max(largest, kibibytes(pid, "status", "VmHWM"));
      }
    }
    tree = Math.max(tree, sum);
    await sleep(interval);
  }
  return { treeMiB: tree / 1024, programMiB: largest / 1024 };
}

function kibibytes(pid: number, file: string, field: string): number {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m");
  return Number(found.exec(readIfThere(`/proc/${pid}/${file}`))?.[1] ?? 0);
}
