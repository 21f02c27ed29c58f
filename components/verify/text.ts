import { printable } from "../core/plainText.ts";
import { aligned } from "../inventory/renderedTable.ts";
import type { Finding, Pings, Report } from "./report.ts";

/** So many nodes still make a matrix that fits a terminal. */
const widest = 16;

/** A report for people: the stack itself, one table a host or route table, then who reaches whom, then the verdict. */
export function reportText(report: Report): string {
  const { stack, state, hosts, tables, overlays, pings } = report;
  return [
    ...(state.length > 0 ? [section(`stack ${printable(stack)}`, state)] : []),
    ...tables.map(({ cloud, holder, unlooked, wanted, findings }) =>
      section(`${cloud} ${holder}`.trim(), findings, { wanted, unlooked }),
    ),
    ...overlays.map(({ component, unlooked, findings }) =>
      section(`overlay ${component}`, findings, { unlooked }),
    ),
    ...hosts.map(({ node, address, findings, ...about }) =>
      section(`${node} (${address})`, findings, about),
    ),
    ...(pings.sent > 0 || pings.left.length > 0 ? [pingText(pings)] : []),
    verdictText(report),
  ].join("\n\n");
}

function verdictText(report: Report): string {
  const { state, hosts, tables, overlays, pings, verdict } = report;
  if (verdict === "well") {
    return "All is as the stack says.";
  }
  const all = [...hosts, ...tables, ...overlays];
  const count = [...state, ...all.flatMap(({ findings }) => findings)].filter(
    ({ severity }) => severity === "fault",
  ).length;
  const dead = hosts.filter((host) => host.unreachable !== undefined).length;
  const unlooked = all.filter((one) => one.unlooked !== undefined).length;
  return [
    ...(count > 0 ? [counted(count, "fault")] : []),
    ...(dead > 0 ? [`hosts that do not answer: ${dead}`] : []),
    ...(pings.failed.length > 0
      ? [`pings without an answer: ${pings.failed.length}`]
      : []),
    ...(unlooked > 0 ? [`could not be looked at: ${unlooked}`] : []),
    ...(verdict === "unknown" ? ["nothing else is wrong"] : []),
  ].join(", ");
}

interface About {
  /** How many routes it is to have. */
  readonly wanted?: number;
  readonly unreachable?: string | undefined;
  readonly unlooked?: string | undefined;
}

function section(
  name: string,
  findings: readonly Finding[],
  { wanted, unreachable, unlooked }: About = {},
): string {
  const faults = findings.filter(({ severity }) => severity === "fault");
  const unknown = unreachable ?? unlooked;
  const verdict = [
    ...(wanted === undefined ? [] : [counted(wanted, "route")]),
    ...(unreachable === undefined ? [] : ["DOES NOT ANSWER"]),
    ...(unlooked === undefined ? [] : ["COULD NOT BE LOOKED AT"]),
    ...(faults.length > 0 ? [counted(faults.length, "FAULT")] : []),
    ...(unknown === undefined && faults.length === 0 ? ["ok"] : []),
  ].join(", ");
  const cells = findings.map(({ kind, severity, subject, message }) => [
    severity === "note" ? `(${kind})` : kind,
    subject,
    message,
  ]);
  const rows = aligned(cells, "  ").split("\n");
  const lines = findings.flatMap(({ fix }, i) => [
    `  ${rows[i]}`,
    ...(fix === undefined ? [] : [`      fix: ${fix}`]),
  ]);
  const reason = unknown === undefined ? [] : [`  ${unknown}`];
  return [`${name}: ${verdict}`, ...reason, ...lines].join("\n");
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : what === what.toUpperCase() ? "S" : "s"}`;
}

function pingText({ ends, sent, failed, left }: Pings): string {
  const nodes = [...new Set(ends.map(({ node }) => node))];
  const podless = ends.filter(({ pod }) => !pod);
  const without = new Set(
    failed.map(({ from, to }) => JSON.stringify([from, to])),
  );
  const cell = (from: string, to: string) =>
    from === to
      ? "-"
      : without.has(JSON.stringify([from, to]))
        ? "FAILS"
        : "ok";
  const matrix =
    nodes.length < 2 || nodes.length > widest
      ? []
      : aligned(
          [
            ["", ...nodes],
            ...nodes.map((from) => [
              from,
              ...nodes.map((to) => cell(from, to)),
            ]),
          ],
          "  ",
        ).split("\n");
  const list = failed.map(
    ({ from, to, source, target }) =>
      `${from} (${source}) does not reach ${to} (${target})`,
  );
  const shown = list.slice(0, 20);
  const rest =
    list.length > shown.length
      ? [`and ${list.length - shown.length} more`]
      : [];
  return [
    `Pings from pod to pod: ${sent - failed.length} of ${sent} answered`,
    ...[
      ...matrix,
      ...shown,
      ...rest,
      ...podless.map(
        ({ node, address }) =>
          `${node} answers itself, by ${address}: no pod runs there`,
      ),
      ...left.map(({ node, reason }) => `${node} is left out: ${reason}`),
    ].map((line) => `  ${line}`),
  ].join("\n");
}
