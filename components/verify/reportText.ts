import { printable } from "../core/plainText.ts";
import { aligned } from "../inventory/renderedTable.ts";
import { isFault } from "./makeFinding.ts";
import type { Finding, Pings, Report } from "./verifyReport.ts";

/** The greatest number of nodes whose matrix of pings fits a terminal. */
const mostColumns = 16;

/** How many failed pings are listed. */
const mostPings = 20;

/** A report for people: the stack itself, one table per host or route table, the pings, and the verdict. */
export function reportText(report: Report): string {
  const { stack, state, hosts, tables, overlays, pings } = report;
  return [
    ...(state.length > 0 ? [section(`stack ${printable(stack)}`, state)] : []),
    ...tables.map(({ cloud, holder, findings, ...about }) =>
      section(`${cloud} ${holder}`.trim(), findings, about),
    ),
    ...overlays.map(({ component, findings, ...about }) =>
      section(`overlay ${component}`, findings, about),
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
  const faults = [...state, ...all.flatMap((one) => one.findings)].filter(
    isFault,
  ).length;
  const dead = hosts.filter((host) => host.unreachable !== undefined).length;
  const unlooked = all.filter((one) => one.unlooked !== undefined).length;
  const failed = pings.failed.length;
  return [
    ...(faults > 0 ? [counted(faults, "fault")] : []),
    ...(dead > 0 ? [`hosts that do not answer: ${dead}`] : []),
    ...(failed > 0 ? [`pings without an answer: ${failed}`] : []),
    ...(unlooked > 0 ? [`could not be looked at: ${unlooked}`] : []),
    ...(verdict === "unknown" ? ["nothing else is wrong"] : []),
  ].join(", ");
}

interface About {
  /** How many routes it should have. */
  readonly wanted?: number;
  readonly unreachable?: string | undefined;
  readonly unlooked?: string | undefined;
}

function section(
  name: string,
  findings: readonly Finding[],
  { wanted, unreachable, unlooked }: About = {},
): string {
  const faults = findings.filter(isFault).length;
  const unknown = unreachable ?? unlooked;
  const verdict = [
    ...(wanted === undefined ? [] : [counted(wanted, "route")]),
    ...(unreachable === undefined ? [] : ["DOES NOT ANSWER"]),
    ...(unlooked === undefined ? [] : ["COULD NOT BE LOOKED AT"]),
    ...(faults > 0 ? [counted(faults, "FAULT")] : []),
    ...(unknown === undefined && faults === 0 ? ["ok"] : []),
  ].join(", ");
  const cells = findings.map((one) => [
    isFault(one) ? one.kind : `(${one.kind})`,
    one.subject,
    one.message,
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
  const plural = what === what.toUpperCase() ? "S" : "s";
  return `${count} ${what}${count === 1 ? "" : plural}`;
}

function pingText({ ends, sent, failed, left }: Pings): string {
  const list = failed.map(
    ({ from, to, source, target }) =>
      `${from} (${source}) does not reach ${to} (${target})`,
  );
  const rest = list.length - mostPings;
  const lines = [
    ...pingMatrix({ ends, failed }),
    ...list.slice(0, mostPings),
    ...(rest > 0 ? [`and ${rest} more`] : []),
    ...ends
      .filter(({ pod }) => !pod)
      .map(
        ({ node, address }) =>
          `${node} answers itself, by ${address}: no pod runs there`,
      ),
    ...left.map(({ node, reason }) => `${node} is left out: ${reason}`),
  ];
  return [
    `Pings from pod to pod: ${sent - failed.length} of ${sent} answered`,
    ...lines.map((line) => `  ${line}`),
  ].join("\n");
}

/** The lines of a matrix of which node reaches which. */
function pingMatrix({
  ends,
  failed,
}: Pick<Pings, "ends" | "failed">): string[] {
  const nodes = [...new Set(ends.map(({ node }) => node))];
  if (nodes.length < 2 || nodes.length > mostColumns) {
    return [];
  }
  const failures = Map.groupBy(failed, ({ from }) => from);
  const cell = (from: string, to: string) => {
    const fails = failures.get(from)?.some((one) => one.to === to) ?? false;
    return from === to ? "-" : fails ? "FAILS" : "ok";
  };
  const rows = nodes.map((from) => [
    from,
    ...nodes.map((to) => cell(from, to)),
  ]);
  return aligned([["", ...nodes], ...rows], "  ").split("\n");
}
