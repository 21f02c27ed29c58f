import { contains, parseAddress, parseCidr } from "../core/cidr.ts";
import type { HostFacts } from "./hostFacts.ts";
import type { Pings } from "./report.ts";

/** An address to ping from and to: of a pod, or of the host itself in its pod CIDR. */
export interface PingEnd {
  readonly node: string;
  readonly address: string;
  /** A process in the network of the pod; undefined: the address is the host's. */
  readonly pid: string | undefined;
}

/** One ping. */
export interface Ping {
  readonly from: PingEnd;
  readonly to: PingEnd;
}

/**
 * What to ping from and to on a node, one address a pod CIDR: a pod's rather than the host's, and the
 * lowest. Without one the reason is given.
 */
export function pingEnds(
  node: string,
  podCidrs: readonly string[],
  facts: HostFacts,
): PingEnd[] | string {
  if (!facts.canPing) {
    return "this host has no ping (package iputils-ping)";
  }
  const candidates = [
    ...facts.pods.map(({ pid, address }) => ({ node, pid, address })),
    ...facts.addresses.map((address) => ({ node, pid: undefined, address })),
  ];
  const ends = podCidrs.flatMap((podCidr) => {
    const inside = candidates.filter(({ address }) => isIn(address, podCidr));
    const pods = inside.filter(({ pid }) => pid !== undefined);
    const [first] = (pods.length > 0 ? pods : inside).sort(byAddress);
    return first ?? [];
  });
  return ends.length > 0
    ? ends
    : `no pod runs there, and the host itself has no address in ${podCidrs.join(", ")}`;
}

/** Every ordered pair of nodes, once an address family. */
export function pairs(ends: readonly PingEnd[]): Ping[] {
  const family = ({ address }: PingEnd) => address.includes(":");
  return ends.flatMap((from) =>
    ends
      .filter((to) => to.node !== from.node && family(to) === family(from))
      .map((to) => ({ from, to })),
  );
}

/** What came of pings. @param answered SOURCE TARGET of those that were answered */
export function pingReport(
  ends: readonly PingEnd[],
  all: readonly Ping[],
  answered: ReadonlySet<string>,
  left: Pings["left"],
): Pings {
  const failed = all.filter(
    ({ from, to }) => !answered.has(`${from.address} ${to.address}`),
  );
  return {
    ends: ends.map(({ node, address, pid }) => ({
      ...{ node, address, pod: pid !== undefined },
    })),
    sent: all.length,
    failed: failed.map(({ from, to }) => ({
      from: from.node,
      to: to.node,
      source: from.address,
      target: to.address,
    })),
    left,
  };
}

function isIn(text: string, block: string): boolean {
  const address = parseAddress(text);
  const cidr = parseCidr(block);
  return (
    typeof address !== "string" &&
    typeof cidr !== "string" &&
    contains(cidr, address)
  );
}

function byAddress(a: PingEnd, b: PingEnd): number {
  const [left, right] = [parseAddress(a.address), parseAddress(b.address)];
  if (typeof left === "string" || typeof right === "string") {
    return 0;
  }
  return left.value < right.value ? -1 : left.value > right.value ? 1 : 0;
}
