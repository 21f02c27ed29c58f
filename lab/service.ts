import { type ChildProcess, spawn } from "node:child_process";
import { once as event } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "./exec.ts";

/** A server for the tests, with its files and its log in a directory. */
export class Service {
  private child: ChildProcess | undefined;

  private readonly directory: string;
  private readonly name: string;
  private readonly command: readonly string[];
  private readonly env: Readonly<Record<string, string>>;
  private readonly answers: () => Promise<boolean>;

  /**
   * @param command what is run in the directory, with this environment and nothing of the user's
   * @param answers whether it is ready
   */
  constructor(
    directory: string,
    name: string,
    command: readonly string[],
    env: Readonly<Record<string, string>>,
    answers: () => Promise<boolean>,
  ) {
    this.directory = directory;
    this.name = name;
    this.command = command;
    this.env = env;
    this.answers = answers;
  }

  /** Starts it and waits until it answers. */
  async start(): Promise<void> {
    const log = join(this.directory, `${this.name}.log`);
    const output = openSync(log, "a");
    const child = spawn(
      // it ends with the process that started it, however that ends
      "setpriv",
      ["--pdeathsig", "KILL", ...this.command],
      {
        cwd: this.directory,
        env: this.env,
        stdio: ["ignore", output, output],
        detached: true, // so that its process group is its own
      },
    );
    closeSync(output);
    this.child = child;
    await event(child, "spawn");
    await until(
      `${this.name} answers`,
      async () => {
        if (hasEnded(child)) {
          const said = readFileSync(log, "utf8").slice(-4000);
          throw new Error(`${this.name} ended:\n${said}`);
        }
        return (await this.answers()) ? true : undefined;
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
