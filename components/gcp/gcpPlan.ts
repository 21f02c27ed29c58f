import {
  type CloudRoutes,
  checkQuota,
  routesOfWorkers,
} from "../cloud/cloudRoutes.ts";
import type { InstanceNode } from "../cloud/instances.ts";
import { type Cidr, overlaps, parseCidrs } from "../core/cidr.ts";
import { type Faults, show } from "../core/faults.ts";
import { aligned } from "../inventory/renderedTable.ts";
import { nameOf, type Route } from "../inventory/routeTable.ts";
import { type Elsewhere, nowhere, withRenamed } from "../stack/elsewhere.ts";
import type { Recorded } from "../stack/recorded.ts";
import type { GcpRoute } from "./gcpAnswers.ts";
import type { GcpArgs } from "./gcpArgs.ts";
import type { GcpFindings, GcpInstance } from "./gcpLookup.ts";
import {
  drift,
  existingRoutes,
  nextHop,
  type PlannedRoute,
  planRoute,
} from "./gcpRoutes.ts";
import { gcpWorkers } from "./gcpWorkers.ts";

/** A route to a worker, and what GCP calls it: `projects/PROJECT/global/routes/NAME`. */
interface GcpPodRoute extends Route {
  readonly id: string;
}

export interface GcpPlan extends CloudRoutes {
  readonly routeTable: GcpPodRoute[];
  readonly routes: PlannedRoute[];
  readonly ids: {
    /** Self link of the network. */
    readonly network: string;
    readonly project: string;
  };
}

/**
 * What is to be declared, given what GCP has. What prevents it goes to `faults`.
 *
 * @param named what this stack's state holds of its routes, by {@link PlannedRoute.resource}
 * @param others routes that the state holds under other names
 */
export function planGcp(
  args: GcpArgs,
  found: GcpFindings,
  named: ReadonlyMap<string, Recorded>,
  faults: Faults,
  others: Elsewhere = nowhere,
): GcpPlan {
  const { project, network = "" } = found;
  const workers = gcpWorkers(args, found, faults);
  const { nodeRanges } = found;
  const leads = routesOfWorkers(args, workers, nodeRanges, faults);
  checkOtherRanges(workers, parseCidrs(found.otherRanges), faults);
  const table = leads.map(({ route }) => route);
  const resources = table.map(({ destination }) => nameOf(destination));
  const ours = withRenamed(named, others, resources);
  const there = existingRoutes(found, ours, others);
  const routes = leads.map(({ route, instance }) => {
    const content = {
      project,
      network,
      destRange: route.destination,
      priority: args.priority,
      ...(args.nextHop === "address"
        ? { nextHopIp: route.nextHop }
        : { nextHopInstance: instance.path }),
    };
    return planRoute(content, args, there, ours, faults);
  });
  const names = new Set(there.inNetwork.filter(isStatic).map((r) => r.name));
  checkQuota(
    args.network,
    "static routes",
    names.size,
    routes.filter(({ name }) => !names.has(name)).length,
    args.routesPerNetwork,
    'raise the quota "Static routes per VPC network" (IAM & Admin, Quotas) and then set routesPerNetwork to what it is',
    faults,
  );
  const wanted = new Set(routes.map(({ name }) => name));
  const foreign = there.inNetwork.filter(
    ({ name }) => !there.ours.has(name) && !wanted.has(name),
  );
  return {
    routeTable: table.map((route, i) => ({
      ...route,
      id: `projects/${project}/global/routes/${routes[i]?.name}`,
    })),
    routes,
    tables: [
      {
        holder: args.network,
        wanted: table.map(({ destination, node }, i) => ({
          destination,
          nextHop: nextHop(routes[i]?.content ?? {}),
          node,
        })),
        real: there.inNetwork.map((route) => ({
          destination: route.destRange,
          nextHop: nextHop(route),
          text: `${route.name} to ${route.destRange} by ${nextHop(route)}`,
        })),
      },
    ],
    text: listing([
      ...foreign,
      ...routes.map(({ name, content }) => ({ name, ...content })),
    ]),
    ids: { network, project },
    warnings: drift(ours, there),
  };
}

/** GCP refuses a route to a part of any range of a subnet, so secondary ranges are checked too. */
function checkOtherRanges(
  workers: readonly InstanceNode<GcpInstance>[],
  ranges: readonly Cidr[],
  faults: Faults,
): void {
  for (const { node } of workers) {
    for (const cidr of node.podCidrs) {
      const range = ranges.find((one) => overlaps(one, cidr));
      if (range !== undefined) {
        faults.add(
          node.path,
          `pod CIDR ${show(cidr.text)} of ${node.name} overlaps the secondary subnet range ${range.text}`,
        );
      }
    }
  }
}

/** Routes of subnets and of peerings do not count. */
function isStatic({ nextHopNetwork, nextHopPeering }: GcpRoute): boolean {
  return !nextHopNetwork && !nextHopPeering;
}

/** What `gcloud compute routes list` prints. */
function listing(
  routes: readonly (Pick<GcpRoute, "name" | "network" | "destRange"> &
    Partial<GcpRoute>)[],
): string {
  const rows = [...routes]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((route) => [
      route.name,
      route.network.replace(/^.*\//, ""),
      route.destRange,
      nextHop(route),
      String(route.priority ?? ""),
    ]);
  return aligned(
    [["NAME", "NETWORK", "DEST_RANGE", "NEXT_HOP", "PRIORITY"], ...rows],
    "  ",
  );
}
