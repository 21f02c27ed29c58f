import { parseCidr, parseCidrs } from "../core/cidr.ts";
import { CidrIndex } from "./cidrIndex.ts";
import { fault, firstFew } from "./makeFinding.ts";
import type { Finding } from "./verifyReport.ts";

/** A route that a host or cloud should have. */
export interface WantedRoute {
  /** Canonical CIDR. */
  readonly destination: string;
  readonly nextHop: string;
  /** The node that the route leads to, if it is known. */
  readonly node?: string | undefined;
}

/** A route that a host or cloud has. */
export interface ActualRoute {
  /** Canonical CIDR. */
  readonly destination: string;
  readonly nextHop: string;
  /** The whole route, as its tool shows it. */
  readonly text: string;
}

/** The fix for each kind of finding of {@link compareRoutes}. */
export interface RouteFixes<R extends ActualRoute> {
  readonly missing: string;
  readonly wrong: string;
  stale(route: R): string;
  foreign(route: R): string;
}

/**
 * Compares the wanted routes with the actual ones.
 *
 * @param ours the routes that were made for this table
 * @param foreign all other routes
 */
export function compareRoutes<R extends ActualRoute>(
  wanted: readonly WantedRoute[],
  ours: readonly R[],
  foreign: readonly R[],
  fixes: RouteFixes<R>,
): Finding[] {
  const actual = Map.groupBy(ours, ({ destination }) => destination);
  const destinations = new Set(wanted.map(({ destination }) => destination));
  const blocks = new CidrIndex(parseCidrs([...destinations]));
  return [
    ...wanted.flatMap((route) =>
      compareRoute(route, actual.get(route.destination) ?? [], fixes),
    ),
    ...ours
      .filter(({ destination }) => !destinations.has(destination))
      .map((route) =>
        fault(
          "stale",
          route.destination,
          `nobody wants this route any more: ${route.text}`,
          fixes.stale(route),
        ),
      ),
    ...foreign
      .filter(({ destination }) => !actual.has(destination))
      .flatMap((route) => {
        const cidr = parseCidr(route.destination);
        // a route takes packets from a wanted one if it is as narrow or narrower
        const [victim] =
          typeof cidr === "string" ? [] : blocks.containing(cidr);
        return victim === undefined
          ? []
          : fault(
              "foreign",
              route.destination,
              `a route of somebody else takes packets to ${victim.text}: ${route.text}`,
              fixes.foreign(route),
            );
      }),
  ];
}

function compareRoute(
  { destination, nextHop, node }: WantedRoute,
  actual: readonly ActualRoute[],
  fixes: Pick<RouteFixes<ActualRoute>, "missing" | "wrong">,
): Finding[] {
  const to = node === undefined ? nextHop : `${nextHop} of ${node}`;
  const hops = actual.map((route) => route.nextHop);
  if (hops.length === 0) {
    const message = `there is no route to it via ${to}`;
    return [fault("missing", destination, message, fixes.missing)];
  }
  const message = `leads to ${firstFew(hops).join(" and ")}, not to ${to}`;
  return hops.includes(nextHop)
    ? []
    : [fault("wrong", destination, message, fixes.wrong)];
}
