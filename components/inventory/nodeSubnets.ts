import { type Cidr, contains } from "../core/cidr.ts";
import type { Node } from "./nodes.ts";

/**
 * Says which nodes are in different subnets, so that neither may be a next hop of the other; undefined
 * if all are in one, or if the user did not name the subnets.
 */
export function inDifferentSubnets(
  nodes: readonly Node[],
  nodeSubnets: readonly Cidr[],
): string | undefined {
  for (const family of [4, 6] as const) {
    const placed = nodes.flatMap((node) => {
      const ip = node.internalIps.find((one) => one.family === family);
      const subnet = ip && nodeSubnets.find((cidr) => contains(cidr, ip));
      return subnet === undefined ? [] : [{ node, subnet }];
    });
    const [first] = placed;
    const other = placed.find(({ subnet }) => subnet !== first?.subnet);
    if (first !== undefined && other !== undefined) {
      return `${first.node.name} is in ${first.subnet.text} and ${other.node.name} in ${other.subnet.text}`;
    }
  }
  return undefined;
}
