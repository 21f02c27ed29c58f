import { formatAddress, parseAddress, parseCidr } from "../core/cidr.ts";
import type { PodRoute, Route } from "../inventory/routeTable.ts";

/** A destination and its next hop. */
export type Hop = Pick<Route, "destination" | "nextHop">;

type Point = Pick<PodRoute, "cidr" | "nextHop">;

/** Fewer routes are listed one by one, which reads better. */
const shortest = 16;

/**
 * Routes as lines from which a host computes the routes again. A stretch in which destinations and
 * next hops grow evenly is one line,
 * `routes 100 from 10.200.0.0/24 via 10.240.0.20 to 10.200.99.0/24 via 10.240.0.119`. Any other route
 * is a line of its own, `route 10.200.0.0/24 via 10.240.0.20`, as is every route of IPv6.
 *
 * What this saves is under "What was decided by it" in bench/README.md.
 *
 * @param all sorted by destination
 */
export function routeLines(all: readonly Point[]): string[] {
  const lines: string[] = [];
  for (let start = 0; start < all.length; ) {
    const end = endOfRun(all, start);
    const part = all.slice(start, end);
    const [first, last] = [part[0], part.at(-1)];
    if (first && last && part.length >= shortest) {
      lines.push(`routes ${part.length} from ${text(first)} to ${text(last)}`);
    } else {
      lines.push(...part.map((point) => `route ${text(point)}`));
    }
    start = end;
  }
  return lines;
}

/** The routes that a line of {@link routeLines} stands for, given its words; none, if it is another line. */
export function readRouteLine(words: readonly string[]): Hop[] {
  const [word, ...rest] = words;
  if (word === "route") {
    const [destination = "", , nextHop = ""] = rest;
    return [{ destination, nextHop }];
  }
  if (word !== "routes") {
    return [];
  }
  const [count, , from = "", , hop = "", , to = "", , lastHop = ""] = rest;
  const first = parseHop(from, hop);
  const last = parseHop(to, lastHop);
  const steps = BigInt(Number(count) - 1);
  const between = (a: bigint, b: bigint, i: number) =>
    formatAddress(4, a + ((b - a) / steps) * BigInt(i));
  return Array.from({ length: Number(count) }, (_, i) => ({
    destination: `${between(first.cidr.first, last.cidr.first, i)}/${first.cidr.prefix}`,
    nextHop: between(first.nextHop.value, last.nextHop.value, i),
  }));
}

function parseHop(destination: string, nextHop: string): Point {
  const [cidr, hop] = [parseCidr(destination), parseAddress(nextHop)];
  if (typeof cidr === "string" || typeof hop === "string") {
    throw new Error(`not a route: ${destination} via ${nextHop}`);
  }
  return { cidr, nextHop: hop };
}

function text({ cidr, nextHop }: Point): string {
  return `${cidr.text} via ${nextHop.text}`;
}

/** Where the stretch that begins at `start` ends. */
function endOfRun(all: readonly Point[], start: number): number {
  const [a, b] = [all[start], all[start + 1]];
  if (a === undefined || b === undefined || a.cidr.family !== 4) {
    return start + 1;
  }
  const destinations = b.cidr.first - a.cidr.first;
  const hops = b.nextHop.value - a.nextHop.value;
  let end = start + 1;
  for (; end < all.length; end++) {
    const [one, next] = [all[end - 1] as Point, all[end] as Point];
    if (
      next.cidr.family !== 4 ||
      next.cidr.prefix !== a.cidr.prefix ||
      next.cidr.first - one.cidr.first !== destinations ||
      next.nextHop.value - one.nextHop.value !== hops
    ) {
      break;
    }
  }
  return end;
}
