import { isFault } from "./makeFinding.ts";
import type { Report } from "./verifyReport.ts";

/** The verdict on a report. Something wrong counts more than something that could not be looked at. */
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
    findings.some(isFault) ||
    hosts.some(({ unreachable }) => unreachable !== undefined) ||
    pings.failed.length > 0
  ) {
    return "wrong";
  }
  return all.some(({ unlooked }) => unlooked !== undefined)
    ? "unknown"
    : "well";
}
