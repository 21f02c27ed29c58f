import { spawn } from "node:child_process";
import { once } from "node:events";
import { descendants, killNow } from "../lab/processes.ts";
import type { Stack } from "../lab/stack.ts";

/** Starts the Pulumi CLI for a stack. `ended` is its exit code and null, or null and the signal that killed it. */
export function background(stack: Stack, args: readonly string[]) {
  const [command = "", ...rest] = stack.command(args);
  const child = spawn(command, rest, {
    cwd: stack.project,
    env: stack.environment(),
    stdio: "ignore",
  });
  const ended = once(child, "exit") as Promise<
    [code: number | null, signal: NodeJS.Signals | null]
  >;
  return { pid: child.pid ?? 0, ended };
}

/** Kills an engine and all that it has started, as a power failure does. Returns whether one of them was there. */
export function killAll(engine: number): boolean {
  return [engine, ...descendants(engine)].map(killNow).some(Boolean);
}
