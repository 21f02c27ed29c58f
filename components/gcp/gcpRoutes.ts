import { canonical } from "../core/cidr.ts";
import type { Faults } from "../core/faults.ts";
import { nameOf } from "../inventory/routeTable.ts";
import type { Elsewhere } from "../stack/elsewhere.ts";
import type { Recorded } from "../stack/recorded.ts";
import { relative } from "./computeApi.ts";
import type { GcpRoute } from "./gcpAnswers.ts";
import type { GcpArgs } from "./gcpArgs.ts";
import type { GcpFindings } from "./gcpLookup.ts";
import { otherName, routeName } from "./gcpNames.ts";

/** The properties of a route, none of which can be changed after it is made. */
export interface RouteContent {
  readonly project: string;
  readonly network: string;
  readonly destRange: string;
  readonly priority: number;
  readonly nextHopIp?: string;
  readonly nextHopInstance?: string;
  /** The one of a route that was taken over. */
  readonly description?: string;
}

/** The existing routes, by the keys that they are looked for by. */
export interface ExistingRoutes {
  readonly byName: ReadonlyMap<string, GcpRoute>;
  /** Those of the network. */
  readonly inNetwork: readonly GcpRoute[];
  /** Those of the network that this stack did not make, by destination. */
  readonly foreign: ReadonlyMap<string, readonly GcpRoute[]>;
  /** The names of our routes, also of those that somebody else deleted. */
  readonly ours: ReadonlySet<string>;
  /** Other resources of the stack for the same routes, by {@link PlannedRoute.resource}. */
  readonly taken: Elsewhere["taken"];
}

/** @param ours what this stack's state holds of its routes */
export function existingRoutes(
  { routes, network }: GcpFindings,
  ours: ReadonlyMap<string, Recorded>,
  { taken }: Elsewhere,
): ExistingRoutes {
  const names = new Set([...ours.values()].map(({ name }) => String(name)));
  const link = network === undefined ? undefined : relative(network);
  const inNetwork = routes.filter((route) => relative(route.network) === link);
  const foreign = Map.groupBy(
    inNetwork.filter(({ name }) => !names.has(name)),
    ({ destRange }) => destRange,
  );
  const byName = new Map(routes.map((route) => [route.name, route]));
  return { byName, inNetwork, foreign, ours: names, taken };
}

/** One route to declare. */
export interface PlannedRoute {
  /** Name of the resource, without the component's: from the destination. */
  readonly resource: string;
  /** Name of the route in GCP. */
  readonly name: string;
  readonly content: RouteContent;
  /** Set where the route exists already and is to be taken over. */
  readonly importId: string | undefined;
}

/**
 * Plans one route. Its replacement gets another name, so that it can be made before the old route is deleted; a route
 * that does not change keeps its name.
 *
 * @param ours what this stack's state holds of its routes, by {@link PlannedRoute.resource}
 */
export function planRoute(
  content: RouteContent,
  args: GcpArgs,
  there: ExistingRoutes,
  ours: ReadonlyMap<string, Recorded>,
  faults: Faults,
): PlannedRoute {
  const { destRange, project } = content;
  const resource = nameOf(destRange);
  const mine = ours.get(resource);
  const planned = { resource, content, importId: undefined };
  if (mine !== undefined && hasSameContent(content, mine)) {
    const kept = { ...content, ...descriptionOf(mine) };
    return { ...planned, content: kept, name: String(mine.name) };
  }
  const usual = routeName(args.routeNamePrefix, destRange);
  if (mine === undefined && there.taken.has(resource)) {
    return { ...planned, name: usual };
  }
  const foreign = there.foreign.get(destRange) ?? [];
  const [only, ...more] = foreign;
  if (
    args.adoptExisting &&
    mine === undefined &&
    only !== undefined &&
    more.length === 0 &&
    hasSameContent(content, only)
  ) {
    const importId = `projects/${project}/global/routes/${only.name}`;
    const kept = { ...content, ...descriptionOf(only) };
    return { resource, content: kept, name: only.name, importId };
  }
  for (const route of foreign) {
    faults.add(
      `${args.network} ${destRange}`,
      foreignRoute(route, content, project),
    );
  }
  const name = there.ours.has(usual)
    ? otherName(usual, JSON.stringify(content))
    : usual;
  const taken = there.byName.get(name);
  if (taken !== undefined && !foreign.includes(taken)) {
    faults.add(
      `${args.network} ${destRange}`,
      `the name ${name} is taken by a route to ${taken.destRange} in ${relative(taken.network)}, names of routes are unique in a project; set routeNamePrefix to something else than ${args.routeNamePrefix}`,
    );
  }
  return { ...planned, name };
}

/** The name that the resource for a route of the state would have, without the component's name. */
export function resourceOf(
  { network, destRange }: Recorded,
  found: Pick<GcpFindings, "network">,
): string | undefined {
  return found.network !== undefined &&
    fromSegment(network, "networks") === fromSegment(found.network, "networks")
    ? nameOf(canonical(String(destRange)))
    : undefined;
}

function descriptionOf({ description }: Recorded): { description?: string } {
  return typeof description === "string" && description !== ""
    ? { description }
    : {};
}

function foreignRoute(
  route: GcpRoute,
  content: RouteContent,
  project: string,
): string {
  const removal = `gcloud compute routes delete ${route.name} --project ${project}`;
  return hasSameContent(content, route)
    ? `route ${route.name}, which this stack did not make, is the wanted one already; take it over: pulumi config set adoptExisting true; or remove it: ${removal}`
    : `route ${route.name}, which this stack did not make, leads to ${nextHop(route)} with priority ${route.priority}; remove it: ${removal}`;
}

/** Whether a route of the API or of the state has the content of a wanted one. */
function hasSameContent(wanted: RouteContent, is: Recorded): boolean {
  const tags = is.tags as readonly string[] | undefined;
  return (
    fromSegment(is.network, "networks") ===
      fromSegment(wanted.network, "networks") &&
    canonical(String(is.destRange)) === wanted.destRange &&
    is.priority === wanted.priority &&
    (tags ?? []).length === 0 &&
    (wanted.nextHopIp === undefined
      ? fromSegment(is.nextHopInstance, "zones") ===
        fromSegment(wanted.nextHopInstance, "zones")
      : canonical(String(is.nextHopIp)) === wanted.nextHopIp &&
        !is.nextHopInstance)
  );
}

/** The part of a URL from one of its segments on; without that segment, from the project on. */
function fromSegment(url: unknown, segment: string): string {
  const text = relative(String(url ?? ""));
  return text.slice(Math.max(0, text.indexOf(`${segment}/`)));
}

/** A warning for each route of ours that somebody else deleted. The engine notices that only with --refresh. */
export function drift(
  ours: ReadonlyMap<string, Recorded>,
  { byName }: ExistingRoutes,
): string[] {
  return [...ours.values()]
    .filter(({ name }) => !byName.has(String(name)))
    .map(
      ({ name, destRange }) =>
        `route ${name} to ${destRange} was deleted by somebody else; to fix that: pulumi up --refresh`,
    );
}

/** The next hop as `gcloud compute routes list` shows it. */
export function nextHop(route: Partial<GcpRoute>): string {
  const link =
    route.nextHopInstance ||
    route.nextHopNetwork ||
    route.nextHopGateway ||
    route.nextHopVpnTunnel ||
    route.nextHopIlb ||
    route.nextHopHub;
  const text = link || route.nextHopIp || route.nextHopPeering || "";
  return text
    .replace(/^.*\/(?=zones\/)/, "")
    .replace(/^zones\//, "")
    .replace(/^(https?:\/\/|projects\/).*\//, "");
}
