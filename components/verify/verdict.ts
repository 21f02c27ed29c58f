import type { Report } from "./report.ts";

/** What is to be made of a report: something that is wrong weighs more than something that could not be looked at. */
export function verdictOf({
  state,
  hosts,
  tables,
  overlays,
  pings,
}: Omit<Report, "version" | "stack" | "ok" | "verdict">): Report["verdict"] {
  const all = [...hosts, ...tables, ...overlays];
  const findings = [...state, ...all.flatMap((one) => one.findings)];
  if (
    findings.some(({ severity }) => severity === "fault") ||
    hosts.some(({ unreachable }) => unreachable !== undefined) ||
    pings.failed.length > 0
  ) {
    return "wrong";
  }
  return all.some(({ unlooked }) => unlooked !== undefined)
    ? "unknown"
    : "well";
}
