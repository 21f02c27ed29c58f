import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { foreignText, printable } from "../core/plainText.ts";
import type { Programs } from "../stack/pulumiCommands.ts";
import { listCommand } from "../stack/pulumiCommands.ts";
import { VerifyError } from "./verifyError.ts";

/** Where and how the Pulumi CLI is run. */
export interface Surroundings {
  /** Default: the working directory. */
  readonly directory?: string;
  /** Default: this process's environment. */
  readonly env?: NodeJS.ProcessEnv;
  readonly programs?: Programs;
}

/** So much Pulumi may print, in bytes; all of it is held in memory. A host takes some kilobytes of a state. */
const mostOutput = 2 ** 27;

/** So much of what Pulumi says of a failure is shown, in characters. */
const mostShown = 20_000;

/** Runs the Pulumi CLI; its standard output. Throws a {@link VerifyError} with the reason if it fails. */
export function runPulumi(
  args: readonly string[],
  around: Surroundings,
): Promise<string> {
  const { directory, env } = around;
  return new Promise((resolve, reject) => {
    execFile(
      "pulumi",
      args,
      {
        ...(directory !== undefined && { cwd: directory }),
        ...(env !== undefined && { env }),
        maxBuffer: mostOutput,
      },
      (error, stdout, stderr) => {
        if (error === null) {
          resolve(stdout);
          return;
        }
        const said = (stderr + (args[0] === "preview" ? stdout : "")).trim();
        reject(
          new VerifyError(printableLines(reason(args, error, said, around))),
        );
      },
    );
  });
}

/** The stack that is selected in the directory of a project. */
export async function selectedStack(around: Surroundings): Promise<string> {
  const name = await runPulumi(["stack", "--show-name"], around);
  return name.trim();
}

function reason(
  args: readonly string[],
  { code, message }: Error & { code?: unknown },
  said: string,
  { directory, programs }: Surroundings,
): string {
  if (code === "ENOENT") {
    // it is said of a directory that is not there too
    return directory !== undefined && !existsSync(directory)
      ? `there is no directory ${foreignText(directory)}`
      : "the Pulumi CLI is not on the PATH; install it: https://www.pulumi.com/docs/install/";
  }
  if (/^error: no stack named .* found$/m.test(said)) {
    const stack = args[args.indexOf("--stack") + 1] ?? "";
    return `there is no stack ${foreignText(stack)}; list those that are there: ${listCommand(programs)}`;
  }
  if (/^error: no stack selected\b/m.test(said)) {
    return `no stack is selected; name one with --stack, and list those that are there: ${listCommand(programs)}`;
  }
  return [
    `pulumi ${args.join(" ")}`,
    code === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER"
      ? `printed more than ${mostOutput / 2 ** 20} MiB`
      : said || message,
  ].join("\n");
}

/** A text of several lines, each of them printable. The end of a long one is left out. */
function printableLines(text: string): string {
  const shown = text.slice(0, mostShown).split("\n").map(printable);
  return [...shown, ...(text.length > mostShown ? ["..."] : [])].join("\n");
}
