import { appendFileSync } from "node:fs";
import type { Fault } from "../core/faults.ts";
import { foreignText } from "../core/plainText.ts";
import { compareRoutes, type Real, type Wanted } from "./compare.ts";
import { capped } from "./findings.ts";
import type { Finding, TableReport } from "./report.ts";

/** What a cloud has in one route table, network, subnet or router, beside what it is to have. */
export interface CloudTable {
  /** What has the routes. */
  readonly holder: string;
  readonly wanted: readonly Wanted[];
  readonly real: readonly Real[];
}

/** What a component of a cloud has found out. */
export interface CloudFindings {
  readonly component: string;
  readonly cloud: string;
  readonly tables: readonly CloudTable[];
  readonly faults: readonly Fault[];
  readonly warnings: readonly string[];
  /** The command that puts back a route of ours that is gone or changed. */
  readonly fix: string;
}

/** The variable that names a file into which components of clouds are to write what they have found out. */
export const findingsFile = "POD_NETWORK_ROUTES_FINDINGS";

/** Hands over what was found out to whoever asks for it by {@link findingsFile}, one component a line. */
export function reportFindings(findings: CloudFindings): void {
  const file = process.env[findingsFile];
  if (file !== undefined) {
    appendFileSync(file, `${JSON.stringify(findings)}\n`);
  }
}

/** What is wrong with the tables of a cloud, of which text is the file that {@link reportFindings} wrote. */
export function cloudReports(text: string): TableReport[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .flatMap((line) => reportsOf(JSON.parse(line)));
}

function reportsOf(found: CloudFindings): TableReport[] {
  const { cloud, fix } = found;
  const component = foreignText(found.component);
  const tables = found.tables.map(
    ({ holder, wanted, real }): TableReport => ({
      ...{ cloud, component, holder: foreignText(holder) },
      wanted: wanted.length,
      findings: compareTable(wanted.map(plain), real.map(plain), fix),
    }),
  );
  const about = [
    ...found.faults.map(
      ({ path, message }): Finding => ({
        ...{ severity: "fault", kind: "cloud" },
        ...{ subject: foreignText(path), message: foreignText(message, 2000) },
      }),
    ),
    ...found.warnings.map(
      (message): Finding => ({
        ...{ severity: "note", kind: "cloud", subject: cloud },
        message: foreignText(message, 2000),
      }),
    ),
  ];
  const [first, ...others] =
    tables.length > 0
      ? tables
      : [{ cloud, component, holder: "", wanted: 0, findings: [] }];
  return first === undefined
    ? []
    : [{ ...first, findings: [...first.findings, ...about] }, ...others].map(
        (table) => ({ ...table, findings: capped(table.findings) }),
      );
}

/** A route with every text of it printable: what the cloud says may be what somebody else wrote there. */
function plain<R extends Wanted | Real>(route: R): R {
  const texts = Object.entries(route).map(([key, value]) => [
    key,
    typeof value === "string" ? foreignText(value) : value,
  ]);
  return Object.fromEntries(texts);
}

function compareTable(
  wanted: readonly Wanted[],
  real: readonly Real[],
  fix: string,
): Finding[] {
  const destinations = new Set(wanted.map((route) => route.destination));
  const isWanted = ({ destination }: Real) => destinations.has(destination);
  const look = ({ destination }: Real) =>
    `find out who made ${destination}, and remove it`;
  return compareRoutes(
    wanted,
    real.filter(isWanted),
    real.filter((route) => !isWanted(route)),
    { missing: fix, wrong: fix, stale: look, foreign: look },
  );
}
