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

/** What a route of ours says; nothing of it can be changed once it is made. */
export interface RouteContent {
  readonly project: string;
  readonly network: string;
  readonly destRange: string;
  readonly priority: number;
  readonly nextHopIp?: string;
  readonly nextHopInstance?: string;
  /** Kept where a route that is taken over has one. */
  readonly description?: string;
}

/** The routes that are there, by what they are looked for. */
export interface Present {
  readonly byName: ReadonlyMap<string, GcpRoute>;
  /** Those of the network. */
  readonly inNetwork: readonly GcpRoute[];
  /** Those of the network that this stack did not make, by their destinations. */
  readonly foreign: ReadonlyMap<string, readonly GcpRoute[]>;
  /** The names of ours, of those that are gone too. */
  readonly ours: ReadonlySet<string>;
  /** In place of which resources, by {@link PlannedRoute.resource}, the stack has another one for the same route. */
  readonly taken: Elsewhere["taken"];
}

/** @param ours what this stack's state holds of its routes */
export function present(
  { routes, network }: GcpFindings,
  ours: ReadonlyMap<string, Recorded>,
  { taken }: Elsewhere,
): Present {
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

/** One route, as it is to be declared. */
export interface PlannedRoute {
  /** Name of the resource, apart from the component's: of the destination. */
  readonly resource: string;
  /** Name of the route in GCP. */
  readonly name: string;
  readonly content: RouteContent;
  /** Set where the route is there already and is to be taken over. */
  readonly importId: string | undefined;
}

/**
 * Names the route, so that it can be made before the one that it replaces goes: a route of ours
 * keeps its name as long as it says the same.
 *
 * @param ours what this stack's state holds of its routes, by {@link PlannedRoute.resource}
 */
export function planRoute(
  content: RouteContent,
  args: GcpArgs,
  there: Present,
  ours: ReadonlyMap<string, Recorded>,
  faults: Faults,
): PlannedRoute {
  const { destRange, project } = content;
  const resource = nameOf(destRange);
  const mine = ours.get(resource);
  const planned = { resource, content, importId: undefined };
  if (mine !== undefined && hasSameContent(content, mine)) {
    const kept = { ...content, ...described(mine) };
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
    hasSameContent(content, { ...only })
  ) {
    const importId = `projects/${project}/global/routes/${only.name}`;
    const kept = { ...content, ...described({ ...only }) };
    return { resource, content: kept, name: only.name, importId };
  }
  for (const route of foreign) {
    faults.add(
      `${args.network} ${destRange}`,
      obstacle(route, content, project),
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

/** What the resource for a route of the state would be called, apart from the component's name. */
export function resourceOf(
  { network, destRange }: Recorded,
  found: Pick<GcpFindings, "network">,
): string | undefined {
  return found.network !== undefined &&
    tail(network, "networks") === tail(found.network, "networks")
    ? nameOf(canonical(String(destRange)))
    : undefined;
}

function described({ description }: Recorded): { description?: string } {
  return typeof description === "string" && description !== ""
    ? { description }
    : {};
}

function obstacle(
  route: GcpRoute,
  content: RouteContent,
  project: string,
): string {
  const removal = `gcloud compute routes delete ${route.name} --project ${project}`;
  return hasSameContent(content, { ...route })
    ? `route ${route.name}, which this stack did not make, is the wanted one already; take it over: pulumi config set adoptExisting true; or remove it: ${removal}`
    : `route ${route.name}, which this stack did not make, leads to ${nextHop(route)} with priority ${route.priority}; remove it: ${removal}`;
}

/** Whether a route, of the API or of the state, says what a wanted one does. */
function hasSameContent(wanted: RouteContent, is: Recorded): boolean {
  const tags = is.tags as readonly string[] | undefined;
  return (
    tail(is.network, "networks") === tail(wanted.network, "networks") &&
    canonical(String(is.destRange)) === wanted.destRange &&
    is.priority === wanted.priority &&
    (tags ?? []).length === 0 &&
    (wanted.nextHopIp === undefined
      ? tail(is.nextHopInstance, "zones") ===
        tail(wanted.nextHopInstance, "zones")
      : canonical(String(is.nextHopIp)) === wanted.nextHopIp &&
        !is.nextHopInstance)
  );
}

/** A URL from one of its segments on, or from the project on where that is known. */
function tail(url: unknown, segment: string): string {
  const text = relative(String(url ?? ""));
  return text.slice(Math.max(0, text.indexOf(`${segment}/`)));
}

/** What a route of ours has become, where somebody else had a hand in it: the engine does not look unless it is told to. */
export function drift(
  ours: ReadonlyMap<string, Recorded>,
  { byName }: Present,
): string[] {
  return [...ours.values()]
    .filter(({ name }) => !byName.has(String(name)))
    .map(
      ({ name, destRange }) =>
        `route ${name} to ${destRange} was deleted by somebody else; to fix that: pulumi up --refresh`,
    );
}

/** What `gcloud compute routes list` calls the next hop. */
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
