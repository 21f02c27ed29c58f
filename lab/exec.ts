import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

/** The exit code and the output of a command. */
export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly input?: string;
  /** Show the command's output as it comes, besides returning it. */
  readonly show?: boolean;
}

/** Runs a command and returns its exit code and output; a command that fails is no error. */
export function tryRun(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: options.cwd, env: options.env });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (data) => {
      stdout += data;
      if (options.show) process.stdout.write(data);
    });
    child.stderr.on("data", (data) => {
      stderr += data;
      if (options.show) process.stderr.write(data);
    });
    child.on("error", reject);
    child.on("close", (code, signal) =>
      resolve({
        code: code ?? 128,
        stdout,
        stderr: signal ? `${stderr}\n${signal}` : stderr,
      }),
    );
    child.stdin.on("error", () => {}); // the command may end without reading its input
    child.stdin.end(options.input ?? "");
  });
}

/** Runs a command and returns its standard output; throws if it fails, with all of its output. */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await tryRun(command, args, options);
  if (code !== 0) {
    throw new Error(
      `${command} ${args.join(" ")}: exit code ${code}\n${stdout}${stderr}`,
    );
  }
  return stdout;
}

/** Whether there is a command of this name. */
export async function hasCommand(name: string): Promise<boolean> {
  return (await tryRun("sh", ["-c", `command -v ${name}`])).code === 0;
}

/** Waits until `probe` returns something, looking again every tenth of a second; fails after `seconds`. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined>,
  seconds = 60,
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await probe();
    if (found !== undefined) {
      return found;
    }
    if (Date.now() > end) {
      throw new Error(`gave up after ${seconds} s: ${what}`);
    }
    await sleep(100);
  }
}

/** Says what is being done, and shows a dot every five seconds until it is. */
export async function step<T>(what: string, work: Promise<T>): Promise<T> {
  process.stdout.write(`${what} `);
  const ticking = setInterval(() => process.stdout.write("."), 5000);
  try {
    return await work;
  } finally {
    clearInterval(ticking);
    process.stdout.write("\n");
  }
}
