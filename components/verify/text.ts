import { aligned } from "../core/render";
import type { Finding, Pings, Report } from "./report";

/** So many nodes still make a matrix that fits a terminal. */
const widest = 16;

/** A report for people: one table a host or route table, then who reaches whom, then the verdict. */
export function reportText(report: Report): string {
  const { hosts, tables, pings, ok } = report;
  const sections = [
    ...tables.map(({ cloud, holder, wanted, findings }) =>
      section(`${cloud} ${holder}`.trim(), wanted, findings),
    ),
    ...hosts.map(({ node, address, unreachable, wanted, findings }) =>
      unreachable === undefined
        ? section(`${node} (${address})`, wanted, findings)
        : `${node} (${address}): CANNOT BE LOOKED AT\n  ${unreachable}`,
    ),
    ...(pings.sent > 0 || pings.left.length > 0 ? [pingText(pings)] : []),
  ];
  const count = [...hosts, ...tables]
    .flatMap(({ findings }) => findings)
    .filter(({ severity }) => severity === "fault").length;
  const dead = hosts.filter((host) => host.unreachable !== undefined).length;
  const verdict = ok
    ? "All is as the stack says."
    : [
        ...(count > 0 ? [counted(count, "fault")] : []),
        ...(dead > 0 ? [`hosts that do not answer: ${dead}`] : []),
        ...(pings.failed.length > 0
          ? [`pings without an answer: ${pings.failed.length}`]
          : []),
      ].join(", ");
  return [...sections, verdict].join("\n\n");
}

function section(
  name: string,
  wanted: number,
  findings: readonly Finding[],
): string {
  const faults = findings.filter(({ severity }) => severity === "fault");
  const verdict = faults.length === 0 ? "ok" : counted(faults.length, "FAULT");
  const cells = findings.map(({ kind, severity, subject, message }) => [
    severity === "note" ? `(${kind})` : kind,
    subject,
    message,
  ]);
  const rows = aligned(cells, "  ").split("\n");
  const lines = findings.flatMap(({ mend }, i) => [
    `  ${rows[i]}`,
    ...(mend === undefined ? [] : [`      mend: ${mend}`]),
  ]);
  const routes = counted(wanted, "route");
  return [`${name}: ${routes}, ${verdict}`, ...lines].join("\n");
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
