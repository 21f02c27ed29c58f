import { bench } from "../bench/bench.ts";
import { FaultsError } from "../components/core/faults.ts";
import { VerifyError } from "../components/verify/verifyError.ts";
import { labObstacle } from "./base.ts";
import { check } from "./check.ts";
import { pulumi, start, stop, verify } from "./dev.ts";
import { docs } from "./docs.ts";
import { test } from "./test.ts";

/** `npm start` and the rest, once the packages are there. */
async function main(verb: string, args: readonly string[]): Promise<number> {
  const inLab = ["start", "stop", "pulumi", "bench", "faults"].includes(verb);
  const obstacle = labObstacle();
  if (inLab && obstacle !== undefined) {
    console.error(obstacle);
    return 1;
  }
  switch (verb) {
    case "start":
      return start();
    case "stop":
      await stop();
      return 0;
    case "pulumi":
      return pulumi(args);
    case "verify":
      return verify(args);
    case "test":
      return test(args);
    case "check":
      return check();
    case "docs":
      await docs(args);
      return 0;
    case "bench":
      return bench(args);
    case "faults": {
      // needs packages that only tests need
      const { faults } = await import("../test/faults/cli.ts");
      return faults(args);
    }
    default:
      console.error(
        "expected start, stop, pulumi, verify, test, check, docs, bench or faults",
      );
      return 1;
  }
}

/** Errors that say what is wrong with what the user gave. */
function isExpected(error: unknown): boolean {
  return error instanceof FaultsError || error instanceof VerifyError;
}

const [verb = "", ...args] = process.argv.slice(2);
main(verb, args).then(
  (code) => process.exit(code),
  (error) => {
    console.error(
      process.env.DEBUG === undefined || isExpected(error)
        ? error.message
        : error,
    );
    // what verify could not find out is not what it found
    process.exit(verb === "verify" ? 2 : 1);
  },
);
