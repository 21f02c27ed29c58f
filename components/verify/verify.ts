import {
  type Programs,
  type StackName,
  updateCommand,
} from "../stack/pulumiCommands.ts";
import { readState } from "./exportedState.ts";
import { isLeaving, lastRunFindings, readLastRuns } from "./lastRuns.ts";
import { capped } from "./makeFinding.ts";
import { runPulumi } from "./pulumiCli.ts";
import { unfinishedFindings } from "./unfinishedResources.ts";
import { verdictOf } from "./verdict.ts";
import { verifyClouds } from "./verifyClouds.ts";
import { VerifyError } from "./verifyError.ts";
import { verifyHosts } from "./verifyHosts.ts";
import { verifyOverlay } from "./verifyOverlay.ts";
import type { Report } from "./verifyReport.ts";

export { VerifyError } from "./verifyError.ts";
export type { Report } from "./verifyReport.ts";

/** The options of {@link verify}. */
export interface VerifyOptions {
  /** The stack, as `pulumi --stack` takes it. */
  stack: string;
  /** The directory of its project. Default: the working directory. */
  directory?: string | undefined;
  /** Its configuration file. Default: `Pulumi.STACK.yaml` beside the project. */
  configFile?: string | undefined;
  /** The environment of the Pulumi CLI, in which it finds its backend and the credentials of clouds. Default: this process's. */
  env?: NodeJS.ProcessEnv | undefined;
  /** How many hosts are looked at at once. Default: 16. */
  parallel?: number | undefined;
  /** Is called from time to time with a text about the progress. */
  progress?: ((text: string) => void) | undefined;
  /** The words for `pulumi` and `ssh` in the commands of the report, if others run them. Default: these. */
  programs?: Programs | undefined;
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
  const { stack, configFile, programs, progress = () => {} } = options;
  const pulumiStack = (...words: string[]) =>
    runPulumi(["stack", ...words, "--stack", stack], options);
  const state = readState(await pulumiStack("export", "--show-secrets"));
  const lastRuns = readLastRuns(
    await pulumiStack("history", "--json", "--page-size", "10"),
  );
  const leaving = isLeaving(lastRuns);
  const name: StackName = {
    stack,
    configFile,
    verb: leaving ? "destroy" : "up",
    ...(programs && { programs }),
  };
  const findings = [
    ...lastRunFindings(lastRuns, name),
    ...unfinishedFindings(state, name),
  ];
  const all = state.resources.filter((one) => !one.delete);
  const ofType = (types: RegExp) => all.filter(({ type }) => types.test(type));
  if (ofType(componentTypes).length === 0 && findings.length === 0) {
    throw new VerifyError(
      `stack ${stack} holds no pod network routes; make them: ${updateCommand({ ...name, verb: "up" })}`,
    );
  }
  const clouds = ofType(cloudTypes);
  const cloud =
    clouds.length > 0 && !leaving
      ? await verifyClouds(clouds, name, (env) => {
          progress("asking the clouds (pulumi preview)");
          return preview(options, env);
        })
      : { tables: [], findings: [] };
  const overlays = await Promise.all(
    ofType(overlayType).map((one) => verifyOverlay(one, all, name)),
  );
  const { hosts, pings } = await verifyHosts(ofType(hostsType), all, {
    stack: name,
    parallel: options.parallel ?? 16,
    progress,
  });
  const found = {
    state: capped([...findings, ...cloud.findings]),
    hosts,
    tables: cloud.tables,
    overlays,
    pings,
  };
  const verdict = verdictOf(found);
  return { version: 1, stack, ok: verdict === "well", verdict, ...found };
}

const componentTypes =
  /^pod-network-routes:index:(\w+PodRoutes|FlannelOverlay)$/;
const hostsType = /^pod-network-routes:index:HostPodRoutes$/;
const overlayType = /^pod-network-routes:index:FlannelOverlay$/;
const cloudTypes = /^pod-network-routes:index:(?!Host)\w+PodRoutes$/;

function preview(
  options: VerifyOptions,
  variables: NodeJS.ProcessEnv,
): Promise<string> {
  const { stack, configFile, env = process.env } = options;
  const config = configFile === undefined ? [] : ["--config-file", configFile];
  return runPulumi(
    ["preview", "--stack", stack, "--non-interactive", ...config],
    { ...options, env: { ...env, ...variables } },
  );
}
