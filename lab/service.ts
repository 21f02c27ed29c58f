import { type ChildProcess, spawn } from "node:child_process";
import { once as event } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "./exec.ts";

interface ServiceSpec {
  readonly name: string;
  /** Where it has its files and its log, and where it is run. */
  readonly directory: string;
  readonly command: readonly string[];
  /** The whole environment: nothing of the user's is added. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether it is ready. */
  readonly answers: () => Promise<boolean>;
}

/** A server for the tests. */
export class Service {
  private child: ChildProcess | undefined;
  private readonly spec: ServiceSpec;

  constructor(spec: ServiceSpec) {
    this.spec = spec;
  }

  /** Starts it and waits until it answers. */
  async start(): Promise<void> {
    const { name, directory, command, env, answers } = this.spec;
    const log = join(directory, `${name}.log`);
    const output = openSync(log, "a");
    const child = spawn(
      // it ends with the process that started it, however that ends
      "setpriv",
      ["--pdeathsig", "KILL", ...command],
      {
        cwd: directory,
        env,
        stdio: ["ignore", output, output],
        detached: true, // so that its process group is its own
      },
    );
    closeSync(output);
    this.child = child;
    await event(child, "spawn");
    await until(
      `${name} answers`,
      async () => {
        if (hasEnded(child)) {
          const said = readFileSync(log, "utf8").slice(-4000);
          throw new Error(`${name} ended:\n${said}`);
        }
        return (await answers()) || undefined;
      },
      180,
    );
  }

  /** Ends it without notice. */
  async kill(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (child?.pid === undefined || hasEnded(child)) {
      return;
    }
    const ended = event(child, "close");
    process.kill(-child.pid, "SIGKILL");
    await ended;
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
