import type { Finding } from "./verifyReport.ts";

/** Something that is wrong, which makes the verdict `wrong`. */
export function fault(
  kind: Finding["kind"],
  subject: string,
  message: string,
  fix?: string,
): Finding {
  return { severity: "fault", kind, subject, message, fix };
}

/** Something that is worth knowing and does not change the verdict. */
export function note(
  kind: Finding["kind"],
  subject: string,
  message: string,
  fix?: string,
): Finding {
  return { severity: "note", kind, subject, message, fix };
}

export function isFault({ severity }: Finding): boolean {
  return severity === "fault";
}

/** How many findings of one host or table a report lists. */
const mostFindings = 200;

/** The first findings. If there are more, the last one counts the rest, and is a fault if one of the rest is. */
export function capped(findings: readonly Finding[]): Finding[] {
  const rest = findings.slice(mostFindings);
  if (rest.length === 0) {
    return [...findings];
  }
  const faults = rest.filter(isFault).length;
  const more = (faults > 0 ? fault : note)(
    "more",
    String(rest.length),
    `more findings are not listed, ${faults} of them faults`,
  );
  return [...findings.slice(0, mostFindings), more];
}

/** How many texts of one kind a message names. */
const mostNamed = 5;

/** The first few different texts for a message, and how many more there are. */
export function firstFew(texts: readonly string[]): string[] {
  const distinct = [...new Set(texts)];
  const rest = distinct.length - mostNamed;
  return rest > 0
    ? [...distinct.slice(0, mostNamed), `${rest} more`]
    : distinct;
}
