import { z } from "zod";
import {
  type Cidr,
  contains,
  covers,
  overlaps,
  parseCidr,
} from "../core/cidr.ts";
import { type Faults, show } from "../core/faults.ts";
import { addOwnIssue } from "../core/schema.ts";
import { type Node, podBlocks } from "../inventory/nodes.ts";
import type { Networks } from "../inventory/validate.ts";

/** The CIDRs of the overlay, at most one an address family. */
export const networksSchema = z
  .union([z.string(), z.array(z.string())], {
    error: "expected a CIDR, or a list of one IPv4 and one IPv6 CIDR",
  })
  .transform(toNetworks);

function toNetworks(
  network: string | string[],
  context: z.core.$RefinementCtx,
): Cidr[] {
  const list = [network].flat();
  const wrong = (i: number, message: string) =>
    addOwnIssue(
      context,
      list[i],
      `${show(list[i])} ${message}`,
      typeof network === "string" ? [] : [i],
    );
  if (list.length === 0) {
    addOwnIssue(context, network, "expected one or two CIDRs, there is none");
  }
  const networks: Cidr[] = [];
  for (const [i, text] of list.entries()) {
    const cidr = parseCidr(text);
    if (typeof cidr === "string") {
      wrong(i, cidr);
      continue;
    }
    const other = networks.find(({ family }) => family === cidr.family);
    if (other !== undefined) {
      wrong(
        i,
        `is IPv${cidr.family} as ${show(other.text)}, expected at most one network an address family`,
      );
    }
    networks.push(cidr);
  }
  return networks;
}

/**
 * Adds a fault for each node without a pod CIDR in every network, where flanneld would end, and for each network that
 * overlaps other addresses, which could not be reached any more.
 */
export function checkNetworks(
  networks: readonly Cidr[],
  cluster: readonly Node[],
  { nodeSubnets, serviceCidrs }: Networks,
  faults: Faults,
): void {
  if (networks.length === 0) {
    return;
  }
  const known = networks.map(({ text }) => text).join(", ");
  for (const { cidr, node } of podBlocks(cluster)) {
    const network = networks.find(({ family }) => family === cidr.family);
    if (network === undefined) {
      faults.add(
        node.path,
        `pod CIDR ${show(cidr.text)} of ${node.name} is IPv${cidr.family}, flannel.network ${known} is not: add an IPv${cidr.family} network`,
      );
    } else if (!covers(network, cidr)) {
      faults.add(
        node.path,
        `pod CIDR ${show(cidr.text)} of ${node.name} is outside of flannel.network ${network.text}, expected the network to contain every pod CIDR: it is --cluster-cidr of kube-controller-manager`,
      );
    }
  }
  for (const network of networks) {
    const without = cluster.filter(
      ({ podCidrs }) =>
        podCidrs.length > 0 &&
        !podCidrs.some(({ family }) => family === network.family),
    );
    for (const node of without) {
      faults.add(
        node.path,
        `${node.name} has no IPv${network.family} pod CIDR, which flannel.network ${network.text} asks of every node that runs pods`,
      );
    }
    const clash = [
      ...nodeSubnets.map((cidr) => ["nodeSubnets", cidr] as const),
      ...serviceCidrs.map((cidr) => ["serviceCidrs", cidr] as const),
    ].filter(([, cidr]) => overlaps(cidr, network));
    for (const [name, cidr] of clash) {
      faults.add(
        "flannel.network",
        `${show(network.text)} overlaps ${cidr.text} of ${name}, which the overlay would swallow`,
      );
    }
    for (const node of cluster) {
      const inside = node.internalIps.find((ip) => contains(network, ip));
      if (inside !== undefined) {
        faults.add(
          "flannel.network",
          `${show(network.text)} contains the internal IP ${inside.text} of ${node.name}, which the overlay would cut off`,
        );
      }
    }
  }
}
