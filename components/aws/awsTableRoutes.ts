import { checkQuota, sortedByDestination } from "../cloud/cloudRoutes.ts";
import { canonical } from "../core/cidr.ts";
import type { Faults } from "../core/faults.ts";
import { aligned } from "../inventory/renderedTable.ts";
import { nameOf, type Route } from "../inventory/routeTable.ts";
import { type Elsewhere, withRenamed } from "../stack/elsewhere.ts";
import type { Recorded } from "../stack/recorded.ts";
import type { AwsArgs } from "./awsArgs.ts";
import type { AwsFindings, AwsRoute, RouteTable } from "./awsLookup.ts";

/** A route to a worker, and the instance and interface of that worker. */
export interface AwsPodRoute extends Route {
  readonly instanceId: string;
  readonly networkInterfaceId: string;
}

/** One route in one route table, as it is to be declared. */
export interface AwsTableRoute {
  /** Name of the resource, without the component's: from the route table and the destination. */
  readonly resource: string;
  readonly routeTableId: string;
  readonly destination: string;
  readonly networkInterfaceId: string;
  /** Set where the route exists already and is to be taken over. */
  readonly importId: string | undefined;
}

/** What this stack's state holds of routes, by {@link resourceName}. */
interface State {
  readonly ours: ReadonlyMap<string, Recorded>;
  readonly others: Elsewhere;
}

/** The name of a route's resource, without the component's name. */
function resourceName(table: string, destination: string): string {
  return `${table}-${nameOf(destination)}`;
}

/** The same for a route of the state. */
export function resourceOf(route: Recorded): string | undefined {
  const { routeTableId, destinationCidrBlock, destinationIpv6CidrBlock } =
    route;
  const destination = destinationCidrBlock || destinationIpv6CidrBlock;
  return routeTableId && destination
    ? resourceName(String(routeTableId), canonical(String(destination)))
    : undefined;
}

/** The routes to declare in one route table, and the listing of all of its routes. Foreign routes in their place go to `faults`. */
export function planTable(
  { id, routes }: RouteTable,
  wanted: readonly AwsPodRoute[],
  args: AwsArgs,
  found: AwsFindings,
  state: State,
  faults: Faults,
): { routes: AwsTableRoute[]; text: string; warnings: string[] } {
  const name = (destination: string) => resourceName(id, destination);
  const { others } = state;
  const names = wanted.map(({ destination }) => name(destination));
  const ours = withRenamed(state.ours, others, names);
  const there = new Map(routes.map((route) => [route.destination, route]));
  const warnings: string[] = [];
  const planned = wanted.map((route) => {
    const { destination, networkInterfaceId } = route;
    const mine = ours.get(name(destination));
    const existing = there.get(destination);
    if (mine !== undefined) {
      warnings.push(...drift(id, destination, mine, existing));
    } else if (existing !== undefined && !others.taken.has(name(destination))) {
      checkForeign(id, route, existing, args, found, faults);
    }
    return {
      resource: name(destination),
      routeTableId: id,
      destination,
      networkInterfaceId,
      importId:
        existing !== undefined && mine === undefined
          ? `${id}_${destination}`
          : undefined,
    };
  });
  const destinations = new Set(wanted.map(({ destination }) => destination));
  const foreign = routes.filter(
    ({ destination }) =>
      !ours.has(name(destination)) && !destinations.has(destination),
  );
  checkQuotas(id, wanted, routes, args.routesPerTable, faults);
  warnings.push(
    ...foreign
      .filter((route) => isGone(route, found))
      .map(
        (route) =>
          `${id}: the route to ${route.destination} leads to ${route.networkInterfaceId}, which is gone (a blackhole); if nobody needs it: ${deletion(id, route.destination)}`,
      ),
  );
  const heading = found.tables.length > 1 ? `RouteTableId: ${id}\n` : "";
  return {
    routes: planned,
    text: heading + tableText(wanted, found.vpcBlocks, foreign),
    warnings,
  };
}

/** A warning if somebody else has deleted or changed a route of ours. The engine notices that only with --refresh. */
function drift(
  id: string,
  destination: string,
  mine: Recorded,
  existing: AwsRoute | undefined,
): string[] {
  const is = existing && (existing.networkInterfaceId || existing.gatewayId);
  if (is === mine.networkInterfaceId) {
    return [];
  }
  const what =
    is === undefined
      ? "was deleted"
      : `was changed to lead to ${is}, not to ${mine.networkInterfaceId}`;
  return [
    `${id}: the route to ${destination} ${what} by somebody else; to fix that: pulumi up --refresh`,
  ];
}

function checkForeign(
  id: string,
  { destination, node, networkInterfaceId, instanceId }: AwsPodRoute,
  existing: AwsRoute,
  { adoptExisting }: AwsArgs,
  found: AwsFindings,
  faults: Faults,
): void {
  const path = `${id} ${destination}`;
  const same =
    existing.networkInterfaceId === networkInterfaceId ||
    (existing.networkInterfaceId === "" && existing.instanceId === instanceId);
  const leadsTo = `${targetOf(existing)}${isGone(existing, found) ? ", which is gone (a blackhole)" : ""}`;
  if (!same) {
    faults.add(
      path,
      `a route that this stack did not make leads to ${leadsTo}, not to ${networkInterfaceId} of ${node}; remove it: ${deletion(id, destination)}; or correct it and set adoptExisting: aws ec2 replace-route ${selection(id, destination)} --network-interface-id ${networkInterfaceId}`,
    );
  } else if (!adoptExisting) {
    faults.add(
      path,
      `a route that this stack did not make leads to ${node} already; take it over: pulumi config set adoptExisting true; or remove it: ${deletion(id, destination)}`,
    );
  }
}

/** The quota of a route table counts each address family on its own. */
function checkQuotas(
  id: string,
  wanted: readonly AwsPodRoute[],
  existing: readonly AwsRoute[],
  quota: number,
  faults: Faults,
): void {
  for (const family of [4, 6]) {
    const ofFamily = ({ destination }: { destination: string }) =>
      destination.includes(":") === (family === 6);
    const there = existing.filter(ofFamily);
    const destinations = new Set(there.map(({ destination }) => destination));
    const more = wanted
      .filter(ofFamily)
      .filter(({ destination }) => !destinations.has(destination));
    checkQuota(
      id,
      `IPv${family} routes`,
      there.length,
      more.length,
      quota,
      `raise the quota "Routes per route table" (vpc, L-93826ACB) in AWS Service Quotas, up to 1000, and then set routesPerTable to what it is`,
      faults,
    );
  }
}

function isGone(route: AwsRoute, { present, instances }: AwsFindings): boolean {
  const { networkInterfaceId: id } = route;
  return (
    id !== "" &&
    !present.has(id) &&
    instances.every((instance) => instance.networkInterfaceId !== id)
  );
}

function targetOf({ networkInterfaceId, instanceId, gatewayId }: AwsRoute) {
  return [instanceId, networkInterfaceId, gatewayId].filter(Boolean).join(" ");
}

function deletion(id: string, destination: string): string {
  return `aws ec2 delete-route ${selection(id, destination)}`;
}

/** The options of the AWS CLI that name a route. */
function selection(id: string, destination: string): string {
  const family = destination.includes(":") ? "-ipv6" : "";
  return `--route-table-id ${id} --destination${family}-cidr-block ${destination}`;
}

/** What the guide's `Format-Table -Property DestinationCidrBlock, InstanceId, GatewayId` prints of a table. */
function tableText(
  ours: readonly AwsPodRoute[],
  vpcBlocks: readonly string[],
  foreign: readonly AwsRoute[],
): string {
  const heads = ["DestinationCidrBlock", "InstanceId", "GatewayId"];
  return aligned(
    [
      heads,
      heads.map((head) => head.replace(/./g, "-")),
      ...ours.map((route) => [route.destination, route.instanceId]),
      ...vpcBlocks.map((block) => [block, "", "local"]),
      ...sortedByDestination(foreign).map((route) => [
        route.destination,
        route.instanceId,
        route.gatewayId || (route.instanceId ? "" : route.networkInterfaceId),
      ]),
    ],
    " ",
  );
}
