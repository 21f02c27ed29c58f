import type { CloudFindings } from "../cloud/cloudFindings.ts";
import { foreignText } from "../core/plainText.ts";
import {
  type ActualRoute,
  compareRoutes,
  type WantedRoute,
} from "./compareRoutes.ts";
import { capped, fault, note } from "./makeFinding.ts";
import type { Finding, TableReport } from "./verifyReport.ts";

/** What is wrong with the tables of clouds, by the text of the file that the components wrote with `reportFindings`. */
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
      cloud,
      component,
      holder: foreignText(holder),
      wanted: wanted.length,
      findings: compareTable(wanted.map(plain), real.map(plain), fix),
    }),
  );
  const about = [
    ...found.faults.map(({ path, message }) =>
      fault("cloud", foreignText(path), foreignText(message, 2000)),
    ),
    ...found.warnings.map((message) =>
      note("cloud", cloud, foreignText(message, 2000)),
    ),
  ];
  const none = { cloud, component, holder: "", wanted: 0, findings: [] };
  const [first = none, ...others] = tables;
  const findings = [...first.findings, ...about];
  return [{ ...first, findings }, ...others].map((table) => ({
    ...table,
    findings: capped(table.findings),
  }));
}

/** A route whose texts are all printable. A cloud may answer with text that somebody else wrote there. */
function plain<R extends WantedRoute | ActualRoute>(route: R): R {
  const texts = Object.entries(route).map(([key, value]) => [
    key,
    typeof value === "string" ? foreignText(value) : value,
  ]);
  return Object.fromEntries(texts);
}

function compareTable(
  wanted: readonly WantedRoute[],
  real: readonly ActualRoute[],
  fix: string,
): Finding[] {
  const destinations = new Set(wanted.map((route) => route.destination));
  const isWanted = ({ destination }: ActualRoute) =>
    destinations.has(destination);
  const look = ({ destination }: ActualRoute) =>
    `find out who made ${destination}, and remove it`;
  return compareRoutes(
    wanted,
    real.filter(isWanted),
    real.filter((route) => !isWanted(route)),
    { missing: fix, wrong: fix, stale: look, foreign: look },
  );
}
