import { z } from "zod";
import { foreignText } from "../core/plainText.ts";
import { againCommand, type StackName } from "../stack/pulumiCommands.ts";
import type { Finding } from "./report.ts";
import { VerifyError } from "./verifyError.ts";

const run = z.object({
  kind: z.string(),
  result: z.string(),
  startTime: z.string().default(""),
  environment: z.record(z.string(), z.unknown()).nullish(),
});
const history = z.array(run).nullish();

/** A run of Pulumi on a stack. */
type Run = z.output<typeof run>;

/** The verbs of the runs that Pulumi's history calls otherwise. */
const verbs: Record<string, "up" | "refresh" | "destroy"> = {
  update: "up",
  refresh: "refresh",
  destroy: "destroy",
};

/**
 * The runs that say what became of a stack, of those that `pulumi stack history --json` prints: the last one, and the
 * last one that is no refresh, because a refresh does not make an update good that failed before it. Throws a {@link VerifyError} if it is no history.
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

/** What is wrong with the last runs: those that did not succeed. */
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
      const fault = { severity: "fault", kind: "last-run", subject } as const;
      return result === "in-progress"
        ? {
            ...fault,
            message: `the last run${since} is under way: what is found here may change meanwhile`,
            fix: "wait until it has ended, and look again",
          }
        : {
            ...fault,
            message: `the last run${since} did not succeed: ${foreignText(result, 40)}`,
            fix: againCommand(
              isTargeted(environment) ? "up" : (verb ?? "up"),
              stack,
            ),
          };
    });
}

/** Whether the stack is being given up: its last change was a destroy of all of it that did not come to its end. */
export function isLeaving(runs: readonly Run[]): boolean {
  const change = runs.find(({ kind }) => kind !== "refresh");
  return (
    change?.kind === "destroy" &&
    change.result !== "succeeded" &&
    !isTargeted(change.environment)
  );
}

/** Whether a run was of some resources only, by --target or --exclude. */
function isTargeted(environment: Run["environment"]): boolean {
  return Object.keys(environment ?? {}).some((key) =>
    /^pulumi\.flag\.(target|exclude)/.test(key),
  );
}
