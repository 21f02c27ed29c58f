import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cloudReports, findingsFile } from "./cloudTables";
import { verifyHosts } from "./hosts";
import type { HostReport, Pings, Report, TableReport } from "./report";
import { readState } from "./state";

export type { Report } from "./report";

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
}

/** A check that could not be made: no such stack, nothing of ours in it, a cloud that does not answer. */
export class VerifyError extends Error {}

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
  const { stack, progress = () => {} } = options;
  const exported = ["stack", "export", "--show-secrets", "--stack", stack];
  const resources = readState(await pulumi(exported, options));
  const ours = resources.filter(({ type }) => kinds.test(type));
  if (ours.length === 0) {
    if (resources.some(({ type }) => type === overlay)) {
      throw new VerifyError(
        `stack ${stack} has the overlay of flannel, which is not looked at; with target hosts+flannel pods are pinged through it; what the cluster knows of it: kubectl get pods -A -l app=flannel -o wide`,
      );
    }
    throw new VerifyError(
      `stack ${stack} holds no pod network routes; make them: pulumi up --stack ${stack}`,
    );
  }
  const tables = ours.some(({ type }) => !isHosts(type))
    ? await verifyClouds(options, progress)
    : [];
  const { hosts, pings } = await verifyHosts(
    ours.filter(({ type }) => isHosts(type)),
    resources,
    { stack, parallel: options.parallel ?? 16, progress },
  );
  const ok = allWell(hosts, tables, pings);
  return { version: 1, stack, ok, hosts, tables, pings };
}

const overlay = "pod-network-routes:index:FlannelOverlay";
const kinds = /^pod-network-routes:index:\w+PodRoutes$/;

function isHosts(type: string): boolean {
  return type === "pod-network-routes:index:HostPodRoutes";
}

function allWell(
  hosts: readonly HostReport[],
  tables: readonly TableReport[],
  pings: Pings,
): boolean {
  return (
    pings.failed.length === 0 &&
    hosts.every(({ unreachable }) => unreachable === undefined) &&
    [...hosts, ...tables].every(({ findings }) =>
      findings.every(({ severity }) => severity === "note"),
    )
  );
}

/** The components themselves look at their clouds, with the credentials of their providers; a preview makes them do so. */
async function verifyClouds(
  options: VerifyOptions,
  progress: (text: string) => void,
): Promise<TableReport[]> {
  progress("asking the clouds (pulumi preview)");
  const directory = mkdtempSync(join(tmpdir(), "pod-network-routes-verify-"));
  const file = join(directory, "findings");
  writeFileSync(file, "");
  const { stack, configFile } = options;
  const preview = [
    ...["preview", "--stack", stack, "--non-interactive"],
    ...(configFile === undefined ? [] : ["--config-file", configFile]),
  ];
  const env = { ...(options.env ?? process.env), [findingsFile]: file };
  try {
    const failure = await pulumi(preview, { ...options, env }).then(
      () => undefined,
      (error: Error) => error,
    );
    const reports = cloudReports(readFileSync(file, "utf8"));
    if (reports.length === 0) {
      throw failure ?? new VerifyError("pulumi preview found no cloud");
    }
    return reports;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Runs the Pulumi CLI; its standard output. */
function pulumi(
  args: readonly string[],
  { directory, env }: VerifyOptions,
): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      "pulumi",
      args,
      {
        ...(directory !== undefined && { cwd: directory }),
        ...(env !== undefined && { env }),
        maxBuffer: 2 ** 30,
      },
      (error, stdout, stderr) => {
        if (error === null) {
          resolve(stdout);
          return;
        }
        const why =
          (error as NodeJS.ErrnoException).code === "ENOENT"
            ? "the Pulumi CLI is not on the PATH: https://www.pulumi.com/docs/install/"
            : (stderr + (args[0] === "preview" ? stdout : "")).trim();
        reject(new VerifyError(`pulumi ${args.join(" ")}\n${why}`));
      },
    );
  });
}
