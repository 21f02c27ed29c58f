import {
  type Address,
  type Cidr,
  compareAddresses,
  contains,
  overlaps,
} from "../core/cidr.ts";
import { type Faults, show } from "../core/faults.ts";
import { type Node, podBlocks } from "./nodes.ts";

/** The networks around the nodes, where the user names them. */
export interface Networks {
  /** The subnets that the internal IPs are in. A next hop outside of them cannot be reached. Default: not checked. */
  readonly nodeSubnets: readonly Cidr[];
  /** The service CIDRs of the cluster, which no pod CIDR may overlap. Default: not checked. */
  readonly serviceCidrs: readonly Cidr[];
}

/** Adds every fault that lies between nodes, or between nodes and networks, not in one value alone. */
export function validate(
  nodes: readonly Node[],
  networks: Networks,
  path: string,
  faults: Faults,
): void {
  // A node with a fault of its own is left out, and may be the one with a pod CIDR.
  const complete = faults.all.length === 0;
  if (complete && !nodes.some((node) => node.podCidrs.length > 0)) {
    faults.add(path, "no node has a pod CIDR, so there is nothing to route");
  }
  checkUnique(nodes, (node) => [node.name], "name", faults);
  checkUnique(
    nodes,
    (node) => node.internalIps.map((ip) => ip.text),
    "internal IP",
    faults,
  );
  checkUnique(nodes, (node) => [node.address], "SSH address", faults);
  checkPodCidrOverlaps(nodes, faults);
  checkFamilies(nodes, faults);
  for (const node of nodes) {
    for (const cidr of node.podCidrs) {
      checkNetworkOverlaps(
        cidr,
        node,
        networks.nodeSubnets,
        "node subnet",
        faults,
      );
      checkNetworkOverlaps(
        cidr,
        node,
        networks.serviceCidrs,
        "service CIDR",
        faults,
      );
    }
    for (const ip of node.internalIps) {
      checkNodeSubnet(ip, node, networks.nodeSubnets, faults);
    }
  }
  checkInternalIps(nodes, faults);
}

function checkUnique(
  nodes: readonly Node[],
  keys: (node: Node) => readonly string[],
  what: string,
  faults: Faults,
): void {
  const seen = new Map<string, Node>();
  for (const node of nodes) {
    for (const key of keys(node)) {
      const first = seen.get(key);
      if (first === undefined) {
        seen.set(key, node);
      } else if (first !== node) {
        faults.add(
          node.path,
          `${what} ${show(key)} is taken by ${first.name} (${first.path}), each node needs its own`,
        );
      }
    }
  }
}

/** Adds a fault for each pod CIDR that overlaps another. Sorted, it can only overlap the block before it that reaches furthest. */
function checkPodCidrOverlaps(nodes: readonly Node[], faults: Faults): void {
  const all = podBlocks(nodes);
  let reach = all[0];
  for (const one of all.slice(1)) {
    if (reach !== undefined && overlaps(reach.cidr, one.cidr)) {
      const same = reach.cidr.text === one.cidr.text;
      faults.add(
        one.node.path,
        `pod CIDR ${show(one.cidr.text)} ${same ? "is also that" : `overlaps ${reach.cidr.text}`} of ${reach.node.name} (${reach.node.path}), pod CIDRs must not overlap`,
      );
    }
    if (
      reach === undefined ||
      one.cidr.family !== reach.cidr.family ||
      one.cidr.last > reach.cidr.last
    ) {
      reach = one;
    }
  }
}

/** Adds a fault for each node without an address of a family that has routes: it could not reach their next hops. */
function checkFamilies(nodes: readonly Node[], faults: Faults): void {
  for (const family of [4, 6] as const) {
    const routed = nodes.find((n) =>
      n.podCidrs.some((cidr) => cidr.family === family),
    );
    for (const node of nodes) {
      if (
        routed !== undefined &&
        !node.internalIps.some((ip) => ip.family === family)
      ) {
        faults.add(
          node.path,
          `${node.name} has no IPv${family} internal IP and cannot reach the IPv${family} pods of ${routed.name}, add one`,
        );
      }
    }
  }
}

function checkNetworkOverlaps(
  cidr: Cidr,
  node: Node,
  networks: readonly Cidr[],
  what: string,
  faults: Faults,
): void {
  for (const network of networks) {
    if (overlaps(cidr, network)) {
      faults.add(
        node.path,
        `pod CIDR ${show(cidr.text)} of ${node.name} overlaps the ${what} ${network.text}`,
      );
    }
  }
}

function checkNodeSubnet(
  ip: Address,
  node: Node,
  subnets: readonly Cidr[],
  faults: Faults,
): void {
  const ofFamily = subnets.filter((subnet) => subnet.family === ip.family);
  const subnet = ofFamily.find((candidate) => contains(candidate, ip));
  if (subnet === undefined) {
    if (ofFamily.length > 0) {
      const allowed = ofFamily.map((s) => s.text).join(", ");
      faults.add(
        node.path,
        `next hop ${show(ip.text)} of ${node.name} is outside the node subnets ${allowed}`,
      );
    }
    return;
  }
  // A /31 or /32 (RFC 3021) and IPv6 have no broadcast address.
  const edges = ip.family === 4 && subnet.prefix < 31;
  if (edges && ip.value === subnet.first) {
    faults.add(
      node.path,
      `next hop ${show(ip.text)} of ${node.name} is the network address of ${subnet.text}`,
    );
  }
  if (edges && ip.value === subnet.last) {
    faults.add(
      node.path,
      `next hop ${show(ip.text)} of ${node.name} is the broadcast address of ${subnet.text}`,
    );
  }
}

/** Adds a fault for each internal IP within a pod CIDR. Both are sorted, so that thousands of nodes take little time. */
function checkInternalIps(nodes: readonly Node[], faults: Faults): void {
  const blocks = podBlocks(nodes);
  const ips = nodes
    .flatMap((node) => node.internalIps.map((ip) => ({ ip, node })))
    .sort((a, b) => compareAddresses(a.ip, b.ip));
  let next = 0;
  for (const { cidr, node } of blocks) {
    while (next < ips.length && isBefore(ips[next]?.ip, cidr)) {
      next++;
    }
    for (let i = next; i < ips.length; i++) {
      const found = ips[i];
      if (found === undefined || !contains(cidr, found.ip)) {
        break;
      }
      faults.add(
        node.path,
        `pod CIDR ${show(cidr.text)} of ${node.name} contains the internal IP ${found.ip.text} of ${found.node.name}: its route would cut that node off`,
      );
    }
  }
}

function isBefore(ip: Address | undefined, cidr: Cidr): boolean {
  return (
    ip !== undefined &&
    (ip.family < cidr.family ||
      (ip.family === cidr.family && ip.value < cidr.first))
  );
}
