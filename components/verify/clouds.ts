import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findingsFile } from "../cloud/cloudFindings.ts";
import { foreignText } from "../core/plainText.ts";
import { type StackName, updateCommand } from "../stack/pulumiCommands.ts";
import { resourceName } from "../stack/urn.ts";
import { cloudReports } from "./cloudTables.ts";
import type { Finding, TableReport } from "./report.ts";
import type { StackResource } from "./state.ts";

/** The clouds of components, by what comes before PodRoutes in their types. */
const clouds: Record<string, string> = {
  Aws: "AWS",
  Gcp: "GCP",
  OpenStack: "OpenStack",
};

/**
 * The components themselves look at their clouds, with the credentials of their providers; a preview makes them do so.
 *
 * @param preview runs it, with these variables besides
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

/** Adds the components that have handed over nothing, and a preview that failed for no reason that is known. */
function withSilent(
  components: readonly StackResource[],
  tables: readonly TableReport[],
  stack: StackName,
  failure: Error | undefined,
): { tables: TableReport[]; findings: Finding[] } {
  const heard = new Set(tables.map((one) => `${one.cloud} ${one.component}`));
  const silent = components
    .map(({ urn, type }) => ({
      cloud: clouds[/:(\w+)PodRoutes$/.exec(type)?.[1] ?? ""] ?? "",
      component: resourceName(urn),
    }))
    .filter(({ cloud, component }) => !heard.has(`${cloud} ${component}`));
  const explained = tables.some(({ findings }) =>
    findings.some(
      ({ kind, severity }) => kind === "cloud" && severity === "fault",
    ),
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
        ...{ holder: one.component, wanted: 0, unlooked: why, findings: [] },
      })),
    ],
    findings:
      failure === undefined || explained || silent.length > 0
        ? []
        : [
            {
              ...{ severity: "fault", kind: "cloud", subject: "preview" },
              message: `fails, and so will an update: ${why}`,
              fix: `once its reason is fixed: ${updateCommand(stack)}`,
            },
          ],
  };
}

/** So many characters of a preview's failure are shown. */
const mostReason = 2000;
