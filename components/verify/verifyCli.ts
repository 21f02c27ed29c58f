import { parseArgs } from "node:util";
import { printable } from "../core/plainText.ts";
import type { Programs } from "../stack/pulumiCommands.ts";
import { selectedStack } from "./pulumiCli.ts";
import { reportText } from "./reportText.ts";
import { verify } from "./verify.ts";
import { VerifyError } from "./verifyError.ts";
import type { Report } from "./verifyReport.ts";

/** The options of the command line, as they were given. */
export interface CliArgs {
  readonly help: boolean;
  readonly json: boolean;
  readonly stack?: string | undefined;
  readonly "config-file"?: string | undefined;
}

/** The command by which a user runs this, and the words for other programs in the commands of its report. */
export interface CliContext {
  readonly command: string;
  readonly programs?: Programs | undefined;
}

const exitCodes: Record<Report["verdict"], number> = {
  well: 0,
  wrong: 1,
  unknown: 2,
};

function usage(command: string): string {
  return `Usage: ${command} [--stack STACK] [--config-file FILE] [--json]

Checks that hosts and clouds have the routes that a stack made, and that pods reach each other. Changes nothing.

  -s, --stack STACK     the stack to check; default: the one that is selected (pulumi stack select)
  --config-file FILE    its configuration; default: Pulumi.STACK.yaml beside Pulumi.yaml
  --json                print a report for machines, and nothing else, on standard output
  -h, --help            print this

Exit code: 0 all is well, 1 something is wrong, 2 it could not be found out.`;
}

/** Reads the command line. Throws a {@link VerifyError} that says what is wrong with it. */
export function readCliArgs(
  args: readonly string[],
  { command }: CliContext,
): CliArgs {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        stack: { type: "string", short: "s" },
        "config-file": { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.stack === "") {
      throw new Error("Option '--stack' needs the name of a stack");
    }
    return values;
  } catch (error) {
    const reason = printable((error as Error).message);
    throw new VerifyError(
      `${reason}\nThe options are shown by: ${command} --help`,
    );
  }
}

/** Runs the command line and returns its exit code. */
export async function verifyCli(
  args: readonly string[],
  context: CliContext,
): Promise<number> {
  const { command, programs } = context;
  try {
    const { help, json, ...given } = readCliArgs(args, context);
    if (help) {
      console.log(usage(command));
      return 0;
    }
    const report = await verify({
      stack: given.stack ?? (await selected(programs)),
      configFile: given["config-file"],
      programs,
      progress,
    });
    progress("");
    console.log(
      json ? JSON.stringify(report, undefined, 2) : reportText(report),
    );
    return exitCodes[report.verdict];
  } catch (error) {
    progress("");
    const isExpected =
      error instanceof VerifyError || process.env.DEBUG === undefined;
    console.error(isExpected ? (error as Error).message : error);
    return 2;
  }
}

async function selected(programs: Programs | undefined): Promise<string> {
  const stack = await selectedStack({ programs });
  console.error(`Stack ${stack}, which is selected`);
  return stack;
}

/** Shows the progress in one line of a terminal. The report replaces it. */
function progress(text: string): void {
  if (process.stderr.isTTY) {
    process.stderr.write(`\r\x1b[K${text}`);
  }
}
