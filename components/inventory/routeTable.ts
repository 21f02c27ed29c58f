import type { Address, Cidr } from "../core/cidr.ts";
import { type Node, podBlocks } from "./nodes.ts";

/** One route: packets for `destination` go to `nextHop`, the internal IP of `node`. */
export interface Route {
  /** Pod CIDR in canonical form. It is the route's identity. */
  readonly destination: string;
  /** Internal IP of the node, in the destination's address family. */
  readonly nextHop: string;
  /** Name of the node that has the pod CIDR. */
  readonly node: string;
}

/** A {@link Route} with its addresses as they were parsed when the node was read. */
export interface PodRoute {
  readonly cidr: Cidr;
  readonly nextHop: Address;
  /** Name of the node that has the pod CIDR. */
  readonly node: string;
}

/** The routes of a cluster: one a pod CIDR, sorted numerically by it. */
export function podRoutes(nodes: readonly Node[]): PodRoute[] {
  return podBlocks(nodes).map(({ cidr, node }) => ({
    cidr,
    nextHop: nextHopFor(cidr, node),
    node: node.name,
  }));
}

/** The {@link podRoutes} of a cluster as text. */
export function routeTable(nodes: readonly Node[]): Route[] {
  return podRoutes(nodes).map(({ cidr, nextHop, node }) => ({
    destination: cidr.text,
    nextHop: nextHop.text,
    node,
  }));
}

/** The part of a route table that one node needs: every route but those to itself. */
export function routesOf<R extends Pick<Route, "node">>(
  node: Node,
  table: readonly R[],
): R[] {
  return table.filter((route) => route.node !== node.name);
}

function nextHopFor(cidr: Cidr, node: Node): Address {
  const ip = node.internalIps.find((address) => address.family === cidr.family);
  if (ip === undefined) {
    throw new Error(`${node.name} has no IPv${cidr.family} internal IP`);
  }
  return ip;
}

/** A destination as part of a name, letters, digits and hyphens: `10-200-0-0-24`, `fd00-200---64`. */
export function nameOf(destination: string): string {
  return destination.replace(/[.:/]/g, "-");
}
