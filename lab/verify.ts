import "../deferred";
import { parseArgs } from "node:util";
import { reportText } from "../components/verify/text";
import { VerifyError, verify } from "../components/verify/verify";

const usage =
  "usage: npm run verify -- --stack STACK [--json] [--config-file FILE]";

/** Exit code: 0 all is well, 1 something is not, 2 it could not be found out. */
async function main(): Promise<number> {
  const { stack, json, configFile } = readArgs();
  if (stack === undefined) {
    console.error(usage);
    return 2;
  }
  const report = await verify({
    stack,
    ...(configFile !== undefined && { configFile }),
    progress: (text) => progress(text),
  });
  progress("");
  console.log(json ? JSON.stringify(report, undefined, 2) : reportText(report));
  return { well: 0, wrong: 1, unknown: 2 }[report.verdict];
}

function readArgs() {
  try {
    const { values } = parseArgs({
      options: {
        stack: { type: "string", short: "s" },
        json: { type: "boolean", default: false },
        "config-file": { type: "string" },
      },
    });
    return { ...values, configFile: values["config-file"] };
  } catch (error) {
    console.error((error as Error).message);
    return { stack: undefined, json: false, configFile: undefined };
  }
}

/** Shows, on a terminal, how far the work has come; in one line, which the report takes away. */
function progress(text: string): void {
  if (process.stderr.isTTY) {
    process.stderr.write(`\r\x1b[K${text}`);
  }
}

main().then(
  (code) => process.exit(code),
  (error) => {
    progress("");
    console.error(error instanceof VerifyError ? error.message : error);
    process.exit(2);
  },
);
