import type { Programs } from "../stack/pulumiCommands.ts";
import { type StackName, updateCommand } from "../stack/pulumiCommands.ts";
import { verifyClouds } from "./clouds.ts";
import { capped } from "./findings.ts";
import { verifyHosts } from "./hostsReport.ts";
import { isLeaving, lastRunFindings, readLastRuns } from "./lastRun.ts";
import { verifyOverlay } from "./overlay.ts";
import { runPulumi } from "./pulumiCli.ts";
import type { Report } from "./report.ts";
import { readState } from "./state.ts";
import { unfinishedFindings } from "./unfinished.ts";
import { verdictOf } from "./verdict.ts";
import { VerifyError } from "./verifyError.ts";

export type { Report } from "./report.ts";
export { VerifyError } from "./verifyError.ts";

/** What {@link verify} needs to know. */
export interface VerifyOptions {
  /** The stack, as `pulumi --stack` takes it. */
  stack: string;
  /** Where its project is. Default: the working directory. */
  directory?: string;
  /** Its configuration, if that is not `Pulumi.STACK.yaml` beside the project. */
  configFile?: string;
  /** Environment of the Pulumi CLI, and with it where its state is and who one is to the cloud. Default: this process's. */
  env?: NodeJS.ProcessEnv;
  /** How many hosts are asked at once. Default: 16. */
  parallel?: number;
  /** Is told, from time to time, how far the work has come. */
  progress?: (text: string) => void;
  /** The words that stand for `pulumi` and `ssh` in the commands of the report, where it takes more to run them. Default: these. */
  programs?: Programs;
}

/**
 * Checks that hosts and clouds have the routes that a stack made, and that pods reach each other.
 * It changes nothing: it reads the stack's state, looks at every host over SSH and at every cloud by
 * way of `pulumi preview`, and pings from pod to pod.
 *
 * Throws a {@link VerifyError} if it cannot do so. A host that does not answer is a finding.
 *
 * @example
 * const { ok, hosts } = await verify({ stack: "prod" });
 */
export async function verify(options: VerifyOptions): Promise<Report> {
  const { stack, configFile, progress = () => {} } = options;
  const at = ["--stack", stack];
  const state = readState(
    await runPulumi(["stack", "export", "--show-secrets", ...at], options),
  );
  const lastRuns = readLastRuns(
    await runPulumi(
      ["stack", "history", "--json", "--page-size", "10", ...at],
      options,
    ),
  );
  const leaving = isLeaving(lastRuns);
  const name: StackName = {
    stack,
    configFile,
    verb: leaving ? "destroy" : "up",
    ...(options.programs && { programs: options.programs }),
  };
  const findings = [
    ...lastRunFindings(lastRuns, name),
    ...unfinishedFindings(state, name),
  ];
  const all = state.resources.filter((one) => !one.delete);
  const of = (kind: RegExp) => all.filter(({ type }) => kind.test(type));
  if (of(ours).length === 0 && findings.length === 0) {
    throw new VerifyError(
      `stack ${stack} holds no pod network routes; make them: ${updateCommand({ ...name, verb: "up" })}`,
    );
  }
  const cloud =
    of(clouds).length > 0 && !leaving
      ? await verifyClouds(of(clouds), name, (env) => {
          progress("asking the clouds (pulumi preview)");
          return preview(options, env);
        })
      : { tables: [], findings: [] };
  const overlays = await Promise.all(
    of(overlay).map((one) => verifyOverlay(one, all, name)),
  );
  const { hosts, pings } = await verifyHosts(of(onHosts), all, {
    stack: name,
    ...{ parallel: options.parallel ?? 16, progress },
  });
  const found = {
    state: capped([...findings, ...cloud.findings]),
    ...{ hosts, tables: cloud.tables, overlays, pings },
  };
  const verdict = verdictOf(found);
  return { version: 1, stack, ok: verdict === "well", verdict, ...found };
}

const ours = /^pod-network-routes:index:(\w+PodRoutes|FlannelOverlay)$/;
const onHosts = /^pod-network-routes:index:HostPodRoutes$/;
const overlay = /^pod-network-routes:index:FlannelOverlay$/;
const clouds = /^pod-network-routes:index:(?!Host)\w+PodRoutes$/;

function preview(
  options: VerifyOptions,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const { stack, configFile } = options;
  const args = [
    ...["preview", "--stack", stack, "--non-interactive"],
    ...(configFile === undefined ? [] : ["--config-file", configFile]),
  ];
  const all = { ...(options.env ?? process.env), ...env };
  return runPulumi(args, { ...options, env: all });
}
