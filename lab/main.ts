import { FaultsError } from "../components/core/faults.ts";
import { VerifyError } from "../components/verify/verifyError.ts";
import { labObstacle } from "./base.ts";

type Command = (args: readonly string[]) => Promise<number>;

/** What the scripts of package.json run. Each is loaded when it is run: some need packages that are for development only. */
const commands = new Map<string, () => Promise<Command>>([
  ["start", async () => (await import("./dev.ts")).start],
  ["stop", async () => (await import("./dev.ts")).stop],
  ["pulumi", async () => (await import("./dev.ts")).pulumi],
  ["verify", async () => (await import("./dev.ts")).verify],
  ["test", async () => (await import("./test.ts")).test],
  ["check", async () => (await import("./check.ts")).check],
  ["docs", async () => (await import("./docs.ts")).docs],
  ["bench", async () => (await import("../bench/bench.ts")).bench],
  ["faults", async () => (await import("../test/faults/runFaults.ts")).faults],
]);

/** Commands that need throwaway hosts. */
const withHosts = ["start", "stop", "pulumi", "bench", "faults"];

async function main(name: string, args: readonly string[]): Promise<number> {
  const load = commands.get(name);
  if (load === undefined) {
    console.error(
      `"${name}" is no command: expected one of ${[...commands.keys()].join(", ")}`,
    );
    return 1;
  }
  const obstacle = withHosts.includes(name) ? labObstacle() : undefined;
  if (obstacle !== undefined) {
    console.error(obstacle);
    return 1;
  }
  return (await load())(args);
}

/** Whether the error says what is wrong with what the user gave. */
function isExpected(error: unknown): boolean {
  return error instanceof FaultsError || error instanceof VerifyError;
}

const [name = "", ...args] = process.argv.slice(2);
main(name, args).then(
  (code) => process.exit(code),
  (error) => {
    console.error(
      process.env.DEBUG === undefined || isExpected(error)
        ? error.message
        : error,
    );
    // exit code 1 of verify means that it has found something
    process.exit(name === "verify" ? 2 : 1);
  },
);
