import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findingsFile } from "../cloud/cloudFindings.ts";
import { foreignText } from "../core/plainText.ts";
import { type StackName, updateCommand } from "../stack/pulumiCommands.ts";
import { resourceName } from "../stack/urn.ts";
import { cloudReports } from "./cloudReports.ts";
import type { StackResource } from "./exportedState.ts";
import { fault, isFault } from "./makeFinding.ts";
import type { Finding, TableReport } from "./verifyReport.ts";

/** The names of the clouds, by the part before PodRoutes in the types of their components. */
const clouds: Record<string, string> = {
  Aws: "AWS",
  Gcp: "GCP",
  OpenStack: "OpenStack",
};

/**
 * Lets the components look at their clouds, with the credentials of their providers, by running a preview.
 *
 * @param preview runs it with additional environment variables
 */
export async function verifyClouds(
  components: readonly StackResource[],
  stack: StackName,
  preview: (env: NodeJS.ProcessEnv) => Promise<unknown>,
): Promise<{ tables: TableReport[]; findings: Finding[] }> {
  const directory = mkdtempSync(join(tmpdir(), "pod-network-routes-verify-"));
  const file = join(directory, "findings");
  writeFileSync(file, "");
  try {
    const failure = await preview({ [findingsFile]: file }).then(
      () => undefined,
      (error: Error) => error,
    );
    const tables = cloudReports(readFileSync(file, "utf8"));
    return withSilent(components, tables, stack, failure);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Adds the components that reported nothing, and a failure of the preview that no finding explains. */
function withSilent(
  components: readonly StackResource[],
  tables: readonly TableReport[],
  stack: StackName,
  failure: Error | undefined,
): { tables: TableReport[]; findings: Finding[] } {
  const reported = new Set(
    tables.map((one) => `${one.cloud} ${one.component}`),
  );
  const silent = components
    .map(({ urn, type }) => ({
      cloud: clouds[/:(\w+)PodRoutes$/.exec(type)?.[1] ?? ""] ?? "",
      component: resourceName(urn),
    }))
    .filter(({ cloud, component }) => !reported.has(`${cloud} ${component}`));
  const isExplained = tables.some(({ findings }) =>
    findings.some((one) => one.kind === "cloud" && isFault(one)),
  );
  const why =
    failure === undefined
      ? "pulumi preview says nothing of it: the program does not declare it any more, or is of another version"
      : foreignText(failure.message, mostReason);
  return {
    tables: [
      ...tables,
      ...silent.map((one) => ({
        ...one,
        holder: one.component,
        wanted: 0,
        unlooked: why,
        findings: [],
      })),
    ],
    findings:
      failure === undefined || isExplained || silent.length > 0
        ? []
        : [
            fault(
              "cloud",
              "preview",
              `fails, and so will an update: ${why}`,
              `once its reason is fixed: ${updateCommand(stack)}`,
            ),
          ],
  };
}

/** How many characters of a preview's failure are shown. */
const mostReason = 2000;
