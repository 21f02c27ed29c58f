import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { foreignText, printable } from "../core/plainText.ts";
import { listCommand, type Programs } from "../stack/pulumiCommands.ts";
import { VerifyError } from "./verifyError.ts";

/** Where and how the Pulumi CLI is run. */
export interface Surroundings {
  /** Default: the working directory. */
  readonly directory?: string | undefined;
  /** Default: this process's environment. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly programs?: Programs | undefined;
}

/** How many bytes Pulumi may print; all of them are held in memory. A host has some kilobytes in a state. */
const mostOutput = 2 ** 27;

/** How many characters of Pulumi's output a failure shows. */
const mostShown = 20_000;

/** Runs the Pulumi CLI and returns its standard output. Throws a {@link VerifyError} with the reason if it fails. */
export async function runPulumi(
  args: readonly string[],
  around: Surroundings,
): Promise<string> {
  const { directory: cwd, env } = around;
  try {
    const options = { cwd, env, maxBuffer: mostOutput };
    return (await promisify(execFile)("pulumi", args, options)).stdout;
  } catch (error) {
    const failure = error as Failure;
    const { stdout, stderr } = failure;
    const printed = (stderr + (args[0] === "preview" ? stdout : "")).trim();
    throw new VerifyError(
      printableLines(reason(args, failure, printed, around)),
    );
  }
}

interface Failure extends Error {
  readonly code?: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

/** The stack that is selected in the directory of a project. */
export async function selectedStack(around: Surroundings): Promise<string> {
  const name = await runPulumi(["stack", "--show-name"], around);
  return name.trim();
}

function reason(
  args: readonly string[],
  { code, message }: Failure,
  printed: string,
  { directory, programs }: Surroundings,
): string {
  if (code === "ENOENT") {
    // a missing working directory has the same error code
    return directory !== undefined && !existsSync(directory)
      ? `there is no directory ${foreignText(directory)}`
      : "the Pulumi CLI is not on the PATH; install it: https://www.pulumi.com/docs/install/";
  }
  if (/^error: no stack named .* found$/m.test(printed)) {
    const stack = args[args.indexOf("--stack") + 1] ?? "";
    return `there is no stack ${foreignText(stack)}; list those that are there: ${listCommand(programs)}`;
  }
  if (/^error: no stack selected\b/m.test(printed)) {
    return `no stack is selected; name one with --stack, and list those that are there: ${listCommand(programs)}`;
  }
  return [
    `pulumi ${args.join(" ")}`,
    code === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER"
      ? `printed more than ${mostOutput / 2 ** 20} MiB`
      : printed || message,
  ].join("\n");
}

/** A text with printable lines. Of a long text the end is left out. */
function printableLines(text: string): string {
  const shown = text.slice(0, mostShown).split("\n").map(printable);
  return [...shown, ...(text.length > mostShown ? ["..."] : [])].join("\n");
}
