import { parseCidr, parseCidrs } from "../core/cidr.ts";
import type { HostState } from "../hosts/hostState.ts";
import type { StackName } from "../stack/pulumiCommands.ts";
import { CidrIndex } from "./cidrIndex.ts";
import { compareHostSettings } from "./compareHostSettings.ts";
import { compareRoutes } from "./compareRoutes.ts";
import type { HostFacts } from "./hostFacts.ts";
import { type HostFixes, hostFixes } from "./hostFixes.ts";
import { type IpRoute, ourProtocol } from "./ipRoute.ts";
import { fault } from "./makeFinding.ts";
import type { Finding } from "./verifyReport.ts";

/**
 * Compares what a host has with what the stack's state says that it should have.
 *
 * @param behind whether the host's command was given other input than the component wants, so that it has to be
 *   updated before anything else
 */
export function compareHost(
  host: HostState,
  facts: HostFacts,
  stack: StackName,
  behind = false,
): Finding[] {
  const fixes = hostFixes(host, facts, stack, behind);
  if (facts.node === undefined) {
    const message = `this host knows nothing of ${host.owner}: it was set up anew, or cleaned`;
    return [fault("state", host.node, message, fixes.anew)];
  }
  const table = compareTable(host, facts, fixes);
  return [
    ...table,
    ...unreachableNextHops(host, facts),
    ...otherWays(host, facts, table),
    ...compareHostSettings(host, facts, fixes),
    ...facts.cut.map((word) =>
      fault(
        "more",
        word,
        `this host says so much of "${word}" that only its beginning was looked at`,
      ),
    ),
  ];
}

/** Compares the routes of the main table. */
function compareTable(
  { routes }: HostState,
  facts: HostFacts,
  fixes: HostFixes,
): Finding[] {
  const others = new Set(facts.others.map((line) => line.split(" ", 1)[0]));
  const ours = facts.routes.filter(
    (route) => route.protocol === ourProtocol && !others.has(route.destination),
  );
  const foreign = facts.routes.filter(
    (route) => route.protocol !== ourProtocol,
  );
  const remove = ({ destination, deletion }: IpRoute) =>
    deletion === undefined
      ? `delete the route to ${destination} by hand, as it stands in the host's main table; no command is shown, because the host describes the route by words that would not be safe in one`
      : fixes.root(deletion);
  return compareRoutes(routes, ours, foreign, {
    missing: fixes.heal,
    wrong: fixes.heal,
    stale: (route) => fixes.update ?? remove(route),
    foreign: remove,
  });
}

/** Next hops that the host reaches by a router or not at all: the kernel refuses routes via them. */
function unreachableNextHops(
  { routes }: HostState,
  { hops }: HostFacts,
): Finding[] {
  const distinct = new Map(routes.map((route) => [route.nextHop, route.node]));
  return [...distinct]
    .filter(([hop]) => !/^\S+ (from :: )?dev /.test(hops.get(hop) ?? ""))
    .map(([hop, node = "a node"]) =>
      fault(
        "off-link",
        hop,
        `the internal IP of ${node} is on no network that this host is connected to (ip route get: ${hops.get(hop) ?? ""}), so it cannot be a next hop`,
        "put the nodes into one network, have its router hold the routes (a target aws, gcp or openstack), or have an overlay on top of it (target flannel)",
      ),
    );
}

/**
 * Destinations to which the kernel sends packets another way, because of a rule or another table.
 *
 * @param table the faults of the main table; they explain the ways to their destinations already
 */
function otherWays(
  { routes }: HostState,
  { gets }: HostFacts,
  table: readonly Finding[],
): Finding[] {
  const wrong = parseCidrs(table.map(({ subject }) => subject));
  const wanted = new CidrIndex(
    parseCidrs(routes.map(({ destination }) => destination)),
  );
  const explained = new Set(
    wrong.flatMap((cidr) => wanted.containing(cidr).map(({ text }) => text)),
  );
  const around = new CidrIndex(wrong);
  const isExplained = (destination: string) => {
    const cidr = parseCidr(destination);
    return (
      explained.has(destination) ||
      (typeof cidr !== "string" && around.containing(cidr).length > 0)
    );
  };
  return routes.flatMap(({ destination, nextHop }) => {
    const way = gets.get(destination) ?? "";
    const [, via] = /\bvia (\S+)/.exec(way) ?? [];
    return via === nextHop || isExplained(destination)
      ? []
      : fault(
          "detour",
          destination,
          `the route via ${nextHop} is there, but the kernel takes another way (ip route get: ${way})`,
          "look for a narrower route and for rules: ip route show table all; ip rule",
        );
  });
}
