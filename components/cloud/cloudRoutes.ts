import { type Cidr, compareCidrs, parseCidrs } from "../core/cidr.ts";
import type { Faults } from "../core/faults.ts";
import type { Node } from "../inventory/nodes.ts";
import { type Route, routeTable } from "../inventory/routeTable.ts";
import { validate } from "../inventory/validate.ts";
import type { CloudTable } from "./cloudFindings.ts";
import type { Instance, InstanceNode } from "./instances.ts";

/** What is to be declared in a cloud, and what is known of it. */
export interface CloudRoutes {
  readonly routeTable: Route[];
  /** The routes to declare, by their resources' names without the component's. */
  readonly routes: readonly { readonly resource: string }[];
  /** The routes as the cloud's own tool lists them. */
  readonly text: string;
  /** The routes that the cloud has, and those that it should have. */
  readonly tables: readonly CloudTable[];
  /** What the user should know, and what does not stop the plan. */
  readonly warnings: readonly string[];
  /** What other stacks may need besides, by the name of the output. */
  readonly ids: Readonly<Record<string, unknown>>;
}

/**
 * The routes of a cluster, each with the instance that it leads to. What speaks against the nodes together goes to
 * `faults`.
 *
 * @param nodeSubnets the blocks that the internal IPs of the nodes are in
 */
export function routesOfWorkers<I extends Instance>(
  args: {
    readonly source: string;
    readonly cluster: readonly Node[];
    readonly serviceCidrs: readonly Cidr[];
  },
  workers: readonly InstanceNode<I>[],
  nodeSubnets: readonly string[],
  faults: Faults,
): { route: Route; instance: I }[] {
  const nodes = workers.map(({ node }) => node);
  const { source, cluster, serviceCidrs } = args;
  const networks = { nodeSubnets: parseCidrs(nodeSubnets), serviceCidrs };
  const all = source === "instances" ? nodes : cluster;
  validate(all, networks, source, faults);
  const byNode = new Map(workers.map((w) => [w.node.name, w.instance]));
  return routeTable(nodes).flatMap((route) => {
    const instance = byNode.get(route.node);
    return instance === undefined ? [] : [{ route, instance }];
  });
}

/**
 * Adds a fault where more routes are to be made than the quota allows. The engine makes new routes before it removes
 * old ones, so all of them are there at once.
 *
 * @param holder what has the routes
 * @param noun what the quota counts: `IPv4 routes`
 * @param more how many would be made
 * @param raise how the quota is raised
 */
export function checkQuota(
  holder: string,
  noun: string,
  there: number,
  more: number,
  quota: number,
  raise: string,
  faults: Faults,
): void {
  if (more > 0 && there + more > quota) {
    faults.add(
      holder,
      `has ${there} ${noun} and would get ${more} more, ${quota} are allowed; ${raise}`,
    );
  }
}

/** Routes in the numeric order of their destinations. */
export function sortedByDestination<R extends { readonly destination: string }>(
  routes: readonly R[],
): R[] {
  return routes
    .map((route) => ({ route, cidrs: parseCidrs([route.destination]) }))
    .sort(({ cidrs: [a] }, { cidrs: [b] }) => (a && b ? compareCidrs(a, b) : 0))
    .map(({ route }) => route);
}
