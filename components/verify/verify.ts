import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { printable } from "../core/plainText";
import { cloudReports, findingsFile } from "./cloudTables";
import { verifyHosts } from "./hosts";
import type { HostReport, Pings, Report, TableReport } from "./report";
import { readState } from "./state";
import { VerifyError } from "./verifyError";

export type { Report } from "./report";
export { VerifyError } from "./verifyError";

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
    {
      stack: { stack, configFile: options.configFile },
      ...{ parallel: options.parallel ?? 16, progress },
    },
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

/** So much Pulumi may print, in bytes; all of it is held in memory. A host takes some kilobytes of a state. */
const mostOutput = 2 ** 27;

/** So much of what Pulumi says of a failure is shown, in characters. */
const mostShown = 20_000;

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
        maxBuffer: mostOutput,
      },
      (error, stdout, stderr) => {
        if (error === null) {
          resolve(stdout);
          return;
        }
        const said = (stderr + (args[0] === "preview" ? stdout : "")).trim();
        reject(
          new VerifyError(
            printableLines(`pulumi ${args.join(" ")}\n${reason(error, said)}`),
          ),
        );
      },
    );
  });
}

function reason({ code }: Error & { code?: unknown }, said: string): string {
  switch (code) {
    case "ENOENT":
      return "the Pulumi CLI is not on the PATH: https://www.pulumi.com/docs/install/";
    case "ERR_CHILD_PROCESS_STDIO_MAXBUFFER":
      return `printed more than ${mostOutput / 2 ** 20} MiB`;
    default:
      return said;
  }
}

/** A text of several lines, each of them printable. The end of a long one is left out. */
function printableLines(text: string): string {
  const shown = text.slice(0, mostShown).split("\n").map(printable);
  return [...shown, ...(text.length > mostShown ? ["..."] : [])].join("\n");
}
