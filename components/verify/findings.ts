import type { Finding } from "./report.ts";

/** So many findings of one host or table are in a report. */
const mostFindings = 200;

/** The first findings, and where there are more, one that counts the rest and is a fault if one of them is. */
export function capped(findings: readonly Finding[]): Finding[] {
  const rest = findings.slice(mostFindings);
  if (rest.length === 0) {
    return [...findings];
  }
  const faults = rest.filter(({ severity }) => severity === "fault").length;
  return [
    ...findings.slice(0, mostFindings),
    {
      severity: faults > 0 ? "fault" : "note",
      kind: "more",
      subject: String(rest.length),
      message: `more findings are not listed, ${faults} of them faults`,
    },
  ];
}

/** So many parts of one kind are named in a message. */
const mostNamed = 5;

/** The first of several texts for a message, each once, and how many there are besides. */
export function firstOf(texts: readonly string[]): string[] {
  const distinct = [...new Set(texts)];
  const rest = distinct.length - mostNamed;
  return rest > 0
    ? [...distinct.slice(0, mostNamed), `${rest} more`]
    : distinct;
}
