import type { Cidr } from "../core/cidr.ts";
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

/** The route table of a cluster: one route a pod CIDR, sorted numerically by destination. */
export function routeTable(nodes: readonly Node[]): Route[] {
  return podBlocks(nodes).map(({ cidr, node }) => ({
    destination: cidr.text,
    nextHop: nextHopFor(cidr, node),
    node: node.name,
  }));
}

/** The part of a route table that one node needs: every route but those to itself. */
export function routesOf(node: Node, table: readonly Route[]): Route[] {
  return table.filter((route) => route.node !== node.name);
}

function nextHopFor(cidr: Cidr, node: Node): string {
  const ip = node.internalIps.find((address) => address.family === cidr.family);
  if (ip === undefined) {
    throw new Error(`${node.name} has no IPv${cidr.family} internal IP`);
  }
  return ip.text;
}

/** A destination as part of a name, letters, digits and hyphens: `10-200-0-0-24`, `fd00-200---64`. */
export function nameOf(destination: string): string {
  return destination.replace(/[.:/]/g, "-");
}
