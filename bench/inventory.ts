import { createHash } from "node:crypto";

/** A host of the bench. */
export interface BenchNode {
  readonly name: string;
  /** Where SSH reaches it. */
  readonly address: string;
  /** Its addresses in the node network, which the routes of the others lead to. */
  readonly internalIps: readonly string[];
  /** Its pod CIDRs, one for each internal IP. None: the controller. */
  readonly podCidrs: readonly string[];
}

/**
 * What addresses and pod CIDRs the hosts have. sequential: both count up, IPv4. scattered: both are in no
 * order, IPv4 and IPv6.
 */
export const layouts = ["sequential", "scattered"] as const;
export type Layout = (typeof layouts)[number];

/** The networks of the internal IPs. */
export const networks = {
  sequential: ["10.240.0.0/20"],
  scattered: ["172.16.0.0/16", "fd00:240::/64"],
} as const;
/** The lab's own address in the network in which SSH reaches the hosts. */
export const labAddress = "10.240.0.1/20";
/** All pod CIDRs are in these. */
export const podNetworks = ["10.200.0.0/13", "fd00:200::/48"];

/** So many hosts: one controller, which has no pods, and workers. A longer inventory begins with the shorter one. */
export function inventory(
  size: number,
  layout: Layout = "sequential",
): BenchNode[] {
  const hosts = drawn("hosts", size, 2 ** 16 - 2);
  const pods = drawn("pods", size, 2 ** 11 - 1);
  return hosts.map((host, i) => {
    const address = `10.240.${bytes(i + 10)}`;
    const [pod, sequential] = [pods[i] ?? 0, layout === "sequential"];
    const podCidrs = sequential
      ? [podCidr(i - 1)]
      : [podCidr(pod), `fd00:200:0:${pod.toString(16)}::/64`];
    return {
      name: i === 0 ? "server" : `node-${i - 1}`,
      address,
      internalIps: sequential
        ? [address]
        : [`172.16.${bytes(host)}`, `fd00:240::${host.toString(16)}`],
      podCidrs: i === 0 ? [] : podCidrs,
    };
  });
}

/** Numbers from 1 to `most` in no order, none twice; the same ones in every run. */
function drawn(seed: string, count: number, most: number): number[] {
  const numbers = new Set<number>();
  for (let i = 0; numbers.size < count; i++) {
    const hash = createHash("sha256").update(`${seed} ${i}`).digest();
    numbers.add(1 + (hash.readUInt32BE() % most));
  }
  return [...numbers];
}

function podCidr(i: number): string {
  return `10.${200 + (i >> 8)}.${i & 255}.0/24`;
}

function bytes(n: number): string {
  return `${n >> 8}.${n & 255}`;
}

/** The routes that a host is to have, `CIDR via ADDRESS`: to every worker's pods but its own. */
export function routesOn(
  host: BenchNode,
  nodes: readonly BenchNode[],
): string[] {
  return nodes
    .filter(({ name }) => name !== host.name)
    .flatMap(({ podCidrs, internalIps }) =>
      podCidrs.map((cidr, i) => `${cidr} via ${internalIps[i]}`),
    );
}

/** The lines that a host is to have in its /etc/hosts, `ADDRESS NAME`: the workers, on the controller. */
export function namesOn(
  host: BenchNode,
  nodes: readonly BenchNode[],
): string[] {
  return isController(host)
    ? nodes
        .filter((node) => !isController(node))
        .flatMap(({ internalIps, name }) =>
          internalIps.map((ip) => `${ip} ${name}`),
        )
    : [];
}

export function isController({ podCidrs }: BenchNode): boolean {
  return podCidrs.length === 0;
}

/** Whether packets of IPv6 are to be forwarded. */
export function hasIpv6(nodes: readonly BenchNode[]): boolean {
  return nodes.some(({ podCidrs }) => podCidrs.length > 1);
}
