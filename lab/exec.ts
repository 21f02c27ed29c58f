import { spawn } from "node:child_process";
import { once as event } from "node:events";
import { text } from "node:stream/consumers";
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
export async function tryRun(
  command: string,
  args: readonly string[],
  { cwd, env, input = "", show = false }: RunOptions = {},
): Promise<Result> {
  const child = spawn(command, args, { cwd, env });
  if (show) {
    child.stdout.pipe(process.stdout, { end: false });
    child.stderr.pipe(process.stderr, { end: false });
  }
  child.stdin.on("error", () => {}); // the command may end without reading its input
  child.stdin.end(input);
  const [[code, signal], stdout, stderr] = await Promise.all([
    event(child, "close"),
    text(child.stdout),
    text(child.stderr),
  ]);
  return {
    code: code ?? 128,
    stdout,
    stderr: signal ? `${stderr}\n${signal}` : stderr,
  };
}

/** Runs a command and returns its standard output; throws if it fails, with all of its output. */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const result = await tryRun(command, args, options);
  return mustSucceed(`${command} ${args.join(" ")}`, result);
}

/** Returns the standard output of a command; throws if the command has failed. */
export function mustSucceed(
  command: string,
  { code, stdout, stderr }: Result,
): string {
  if (code !== 0) {
    throw new Error(`${command}: exit code ${code}\n${stdout}${stderr}`);
  }
  return stdout;
}

/** Whether a web server answers with success. */
export async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
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
