import { checkQuota, sortedByDestination } from "../cloud/cloudRoutes.ts";
import type { Faults } from "../core/faults.ts";
import { shellWord } from "../core/shellWord.ts";
import { aligned } from "../inventory/renderedTable.ts";
import { nameOf, type Route } from "../inventory/routeTable.ts";
import type { Recorded } from "../stack/recorded.ts";
import type { NeutronRoute } from "./openStackAnswers.ts";
import type { OpenStackArgs } from "./openStackArgs.ts";
import type { Holder } from "./openStackLookup.ts";

/** The id that the provider gives a route. */
export function routeId(
  { id }: Holder,
  { destination, nexthop }: NeutronRoute,
): string {
  return `${id}-route-${destination}-${nexthop}`;
}

/** Adds a fault for a route that has the destination of one of ours. */
export function foreignFault(
  holder: Holder,
  route: NeutronRoute,
  wanted: NeutronRoute,
  node: string,
  faults: Faults,
): void {
  const remove = removal(holder, route);
  faults.add(
    `${holder.kind} ${holder.name} ${route.destination}`,
    route.nexthop === wanted.nexthop
      ? `a route that this stack did not make leads to ${node} already; take it over: pulumi config set adoptExisting true; or remove it: ${remove}`
      : `a route that this stack did not make leads to ${route.nexthop}, not to ${wanted.nexthop} of ${node}; remove it: ${remove}`,
  );
}

function removal(
  { kind, id }: Holder,
  { destination, nexthop }: NeutronRoute,
): string {
  const pair = `destination=${destination},gateway=${nexthop}`;
  return kind === "subnet"
    ? `openstack subnet unset --host-route ${pair} ${id}`
    : `openstack router remove route --route ${pair} ${id}`;
}

/** Checks the quota of routes of a subnet or router. */
export function checkRouteQuota(
  { kind, name, routes }: Holder,
  wanted: readonly Route[],
  { routesPerSubnet, routesPerRouter }: OpenStackArgs,
  faults: Faults,
): void {
  const more = wanted.filter((one) =>
    routes.every(
      (route) =>
        route.destination !== one.destination || route.nexthop !== one.nextHop,
    ),
  );
  const [quota, key, option] =
    kind === "subnet"
      ? [routesPerSubnet, "routesPerSubnet", "max_subnet_host_routes"]
      : [routesPerRouter, "routesPerRouter", "max_routes"];
  const instead = kind === "subnet" ? ", or use mode router (30)" : "";
  checkQuota(
    `${kind} ${name}`,
    "routes",
    routes.length,
    more.length,
    quota,
    `have the cloud raise ${option} in neutron.conf and then set ${key} to what it is${instead}`,
    faults,
  );
}

/**
 * The routes of ours that somebody else deleted and that are still wanted. The provider cannot delete or replace
 * such a route, so one that is not wanted any more, or is to change, is a fault.
 */
export function deletedByOthers(
  holder: Holder,
  wanted: readonly Route[],
  ours: ReadonlyMap<string, Recorded>,
  faults: Faults,
): NeutronRoute[] {
  const still = new Map(wanted.map((r) => [nameOf(r.destination), r.nextHop]));
  return [...ours].flatMap(([name, mine]) => {
    const route = {
      destination: String(mine.destinationCidr),
      nexthop: String(mine.nextHop),
    };
    if (
      holder.routes.some(
        (there) => routeId(holder, there) === routeId(holder, route),
      ) ||
      // it is of another subnet or router, whose routes were not read
      ![mine.subnetId, mine.routerId].includes(holder.id)
    ) {
      return [];
    }
    if (still.get(name) !== route.nexthop) {
      faults.add(
        `${holder.kind} ${holder.name} ${route.destination}`,
        `the route via ${route.nexthop} was deleted by somebody else, and Pulumi cannot delete it again; have it forget the route: pulumi state delete ${shellWord(String(mine.urn))}`,
      );
      return [];
    }
    return [route];
  });
}

/** What `openstack subnet show NAME | grep destination` prints, or the same for a router. */
export function listing(
  { kind }: Holder,
  routes: readonly NeutronRoute[],
): string {
  // the client's column is as wide as the longest name of a field
  const [head, longest] =
    kind === "subnet"
      ? ["host_routes", "ipv6_address_mode"]
      : ["routes", "availability_zone_hints"];
  return aligned(
    sortedByDestination(routes).map(({ destination, nexthop }, i) => [
      `| ${(i === 0 ? head : "").padEnd(longest.length)} |`,
      `destination='${destination}', gateway='${nexthop}'`,
      "|",
    ]),
    " ",
  );
}
