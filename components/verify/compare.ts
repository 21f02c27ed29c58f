import { parseCidr, parseCidrs } from "../core/cidr.ts";
import { Blocks } from "./blocks.ts";
import { firstOf } from "./findings.ts";
import type { Finding } from "./report.ts";

/** A route that is to be there. */
export interface Wanted {
  /** Canonical CIDR. */
  readonly destination: string;
  readonly nextHop: string;
  /** The node that the route leads to, where it is known. */
  readonly node?: string | undefined;
}

/** A route that is there. */
export interface Real {
  /** Canonical CIDR. */
  readonly destination: string;
  readonly nextHop: string;
  /** The whole route, as its tool shows it. */
  readonly text: string;
}

/** What puts right what {@link compareRoutes} finds. */
export interface Fixes<R extends Real> {
  readonly missing: string;
  readonly wrong: string;
  stale(route: R): string;
  foreign(route: R): string;
}

/**
 * Compares the routes that are wanted with those that are there.
 *
 * @param ours those that were made for this table
 * @param foreign all others
 */
export function compareRoutes<R extends Real>(
  wanted: readonly Wanted[],
  ours: readonly R[],
  foreign: readonly R[],
  fixes: Fixes<R>,
): Finding[] {
  const there = new Map<string, Real[]>();
  for (const route of ours) {
    const same = there.get(route.destination) ?? [];
    same.push(route);
    there.set(route.destination, same);
  }
  const destinations = new Set(wanted.map((route) => route.destination));
  return [
    ...wanted.flatMap((route) =>
      compareRoute(route, there.get(route.destination) ?? [], fixes),
    ),
    ...ours
      .filter(({ destination }) => !destinations.has(destination))
      .map((route) => ({
        severity: "fault" as const,
        kind: "stale" as const,
        subject: route.destination,
        message: `nobody wants this route any more: ${route.text}`,
        fix: fixes.stale(route),
      })),
    ...inTheWay(
      wanted,
      foreign.filter(({ destination }) => !there.has(destination)),
    ).map(([route, victim]) => ({
      severity: "fault" as const,
      kind: "foreign" as const,
      subject: route.destination,
      message: `a route of somebody else takes packets to ${victim}: ${route.text}`,
      fix: fixes.foreign(route),
    })),
  ];
}

function compareRoute(
  { destination, nextHop, node }: Wanted,
  real: readonly Real[],
  fixes: Pick<Fixes<Real>, "missing" | "wrong">,
): Finding[] {
  const to = `${nextHop}${node === undefined ? "" : ` of ${node}`}`;
  if (real.length === 0) {
    return [
      {
        severity: "fault",
        kind: "missing",
        subject: destination,
        message: `there is no route to it via ${to}`,
        fix: fixes.missing,
      },
    ];
  }
  return real.some((route) => route.nextHop === nextHop)
    ? []
    : [
        {
          severity: "fault",
          kind: "wrong",
          subject: destination,
          message: `leads to ${firstOf(real.map((r) => r.nextHop)).join(" and ")}, not to ${to}`,
          fix: fixes.wrong,
        },
      ];
}

/** Routes that are as narrow as a wanted one or narrower, each with the destination that it takes packets from. */
function inTheWay<R extends Real>(
  wanted: readonly Wanted[],
  foreign: readonly R[],
): [R, string][] {
  const blocks = new Blocks(
    parseCidrs(wanted.map(({ destination }) => destination)),
  );
  return foreign.flatMap((route): [R, string][] => {
    const cidr = parseCidr(route.destination);
    const [victim] = typeof cidr === "string" ? [] : blocks.holding(cidr);
    return victim === undefined ? [] : [[route, victim.text]];
  });
}
