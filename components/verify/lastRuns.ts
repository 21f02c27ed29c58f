import { z } from "zod";
import { foreignText } from "../core/plainText.ts";
import { againCommand, type StackName } from "../stack/pulumiCommands.ts";
import { fault } from "./makeFinding.ts";
import { VerifyError } from "./verifyError.ts";
import type { Finding } from "./verifyReport.ts";

const run = z.object({
  kind: z.string(),
  result: z.string(),
  startTime: z.string().default(""),
  environment: z.record(z.string(), z.unknown()).nullish(),
});
const history = z.array(run).nullish();

/** A run of Pulumi on a stack. */
type Run = z.output<typeof run>;

/** The verbs of the command line, by the kinds of runs in the history. */
const verbs: Record<string, "up" | "refresh" | "destroy"> = {
  update: "up",
  refresh: "refresh",
  destroy: "destroy",
};

/**
 * The last run of a stack, and the last one that is not a refresh: a refresh does not repair a failed update.
 *
 * @param json what `pulumi stack history --json` printed; throws a {@link VerifyError} if it is not a history
 */
export function readLastRuns(json: string): Run[] {
  let runs: Run[];
  try {
    runs = history.parse(JSON.parse(json)) ?? [];
  } catch {
    throw new VerifyError(
      "pulumi stack history printed something that is not the history of a stack",
    );
  }
  const last = runs[0];
  const change = runs.find(({ kind }) => kind !== "refresh");
  return [...new Set([last, change])].filter((one) => one !== undefined);
}

/** A fault for each of the last runs that did not succeed. */
export function lastRunFindings(
  runs: readonly Run[],
  stack: StackName,
): Finding[] {
  return runs
    .filter(({ result }) => result !== "succeeded")
    .map(({ kind, result, startTime, environment }): Finding => {
      const verb = Object.hasOwn(verbs, kind) ? verbs[kind] : undefined;
      const subject = `pulumi ${verb ?? foreignText(kind, 40)}`;
      const since = /^[0-9TZ:.+-]{10,40}$/.test(startTime)
        ? `, begun ${startTime},`
        : "";
      if (result === "in-progress") {
        const message = `the last run${since} is under way: what is found here may change meanwhile`;
        const fix = "wait until it has ended, and look again";
        return fault("last-run", subject, message, fix);
      }
      const message = `the last run${since} did not succeed: ${foreignText(result, 40)}`;
      const again = isTargeted(environment) ? "up" : (verb ?? "up");
      return fault("last-run", subject, message, againCommand(again, stack));
    });
}

/** Whether the stack is being destroyed: its last change was a destroy of all resources that did not succeed. */
export function isLeaving(runs: readonly Run[]): boolean {
  const change = runs.find(({ kind }) => kind !== "refresh");
  return (
    change?.kind === "destroy" &&
    change.result !== "succeeded" &&
    !isTargeted(change.environment)
  );
}

/** Whether a run was limited to some resources, by --target or --exclude. */
function isTargeted(environment: Run["environment"]): boolean {
  return Object.keys(environment ?? {}).some((key) =>
    /^pulumi\.flag\.(target|exclude)/.test(key),
  );
}
