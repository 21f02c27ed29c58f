import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import type { Command } from "./contender.ts";
import { Group } from "./group.ts";
import { cleaning } from "./interrupt.ts";
import { type Memory, watchMemory } from "./memory.ts";

/** What a command cost. */
export interface Cost {
  readonly wallSeconds: number;
  /** Of all its processes on this side; what the hosts do is not in it. */
  readonly cpuSeconds: number;
}

/**
 * Runs a command and measures it. One that fails throws, with the end of what it said.
 *
 * @param log the file that takes its output
 */
export async function measure(command: Command, log: string): Promise<Cost> {
  const { cost } = await inGroup(command, log, async () => {});
  return cost;
}

/** Runs a command and watches its memory, which slows it down, so its time is not measured. */
export async function measureMemory(
  command: Command,
  log: string,
  program?: RegExp,
): Promise<Memory> {
  const { watched } = await inGroup(command, log, (group, ended) =>
    watchMemory(group, ended, program),
  );
  return watched;
}

async function inGroup<T>(
  { command, cwd, env }: Command,
  log: string,
  watch: (group: Group, ended: Promise<unknown>) => Promise<T>,
): Promise<{ cost: Cost; watched: T }> {
  const group = Group.make();
  const output = openSync(log, "w");
  const clean = async () => {
    closeSync(output);
    await group.remove();
  };
  return cleaning(clean, async () => {
    const [first = "", ...rest] = group.inside(command);
    const start = process.hrtime.bigint();
    const child = spawn(first, rest, {
      cwd,
      env,
      stdio: ["ignore", output, output],
    });
    const ended = once(child, "exit").then(([code]) => ({
      code,
      wallSeconds: Number(process.hrtime.bigint() - start) / 1e9,
    }));
    const watched = await watch(group, ended);
    const { code, wallSeconds } = await ended;
    if (code !== 0) {
      const said = readFileSync(log, "utf8").trim().slice(-1000);
      throw new Error(`exit code ${code}: ${said}`);
    }
    return { cost: { wallSeconds, cpuSeconds: group.cpuSeconds }, watched };
  });
}
