import type { Node, NodeArgs } from "../inventory/nodes.ts";
import { type PodRoute, routesOf } from "../inventory/routeTable.ts";

/** The arguments that decide which routes and lines of /etc/hosts each host gets. */
export interface HostWants {
  readonly cluster: readonly Node[];
  readonly hostRoutes: boolean;
  readonly controllerRoutes: boolean;
  readonly controllerHosts: boolean;
  readonly healInterval: number;
}

/** The inputs of the component. The state has them before any host is changed, so that verify knows what is wanted. */
export interface RecordedWants extends Omit<HostWants, "cluster"> {
  /** By node name: a node that comes or goes is one line of a preview. */
  readonly nodes: Record<string, Required<Omit<NodeArgs, "name" | "aliases">>>;
}

export function recordedWants(wants: HostWants): RecordedWants {
  const { hostRoutes, controllerRoutes, controllerHosts, healInterval } = wants;
  return {
    nodes: Object.fromEntries(
      wants.cluster.map(({ name, role, address, internalIps, podCidrs }) => [
        name,
        {
          role,
          address,
          internalIp: internalIps.map(({ text }) => text),
          podCidrs: podCidrs.map(({ text }) => text),
        },
      ]),
    ),
    hostRoutes,
    controllerRoutes,
    controllerHosts,
    healInterval,
  };
}

/** The routes that a node is to have. @param table the routes of the whole cluster */
export function routesFor(
  node: Node,
  wants: HostWants,
  table: readonly PodRoute[],
): PodRoute[] {
  const none =
    !wants.hostRoutes ||
    (node.role === "controller" && !wants.controllerRoutes);
  return none ? [] : routesOf(node, table);
}

/** The nodes that /etc/hosts of a node is to name. */
export function namedOn(node: Node, wants: HostWants): Node[] {
  const wanted = node.role === "controller" && wants.controllerHosts;
  return wanted
    ? wants.cluster.filter((other) => other.podCidrs.length > 0)
    : [];
}
