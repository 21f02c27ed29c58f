import {
  compareAddresses,
  contains,
  parseAddress,
  parseCidrs,
} from "../core/cidr.ts";
import type { HostFacts } from "./hostFacts.ts";
import type { Pings } from "./verifyReport.ts";

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
 * The ends of pings on a node: for each pod CIDR its lowest address of a pod, or, without pods, of the host. Returns
 * the reason if there is none.
 */
export function pingEnds(
  node: string,
  podCidrs: readonly string[],
  facts: HostFacts,
): PingEnd[] | string {
  if (!facts.canPing) {
    return "this host has no ping (package iputils-ping)";
  }
  const lowest = (
    ends: readonly { readonly pid?: string; readonly address: string }[],
  ) =>
    ends
      .flatMap(({ pid, address }) => {
        const parsed = parseAddress(address);
        return typeof parsed === "string"
          ? []
          : { end: { node, pid, address }, parsed };
      })
      .sort((a, b) => compareAddresses(a.parsed, b.parsed));
  const pods = lowest(facts.pods);
  const own = lowest(facts.addresses.map((address) => ({ address })));
  const ends = parseCidrs(podCidrs)
    .map((cidr) =>
      [...pods, ...own].find(({ parsed }) => contains(cidr, parsed)),
    )
    .filter((found) => found !== undefined);
  return ends.length > 0
    ? ends.map(({ end }) => end)
    : `no pod runs there, and the host itself has no address in ${podCidrs.join(", ")}`;
}

/** Every ordered pair of nodes, once per address family. */
export function pairs(ends: readonly PingEnd[]): Ping[] {
  const family = ({ address }: PingEnd) => address.includes(":");
  return ends.flatMap((from) =>
    ends
      .filter((to) => to.node !== from.node && family(to) === family(from))
      .map((to) => ({ from, to })),
  );
}

/** The results of pings. @param answered the pings that were answered, as SOURCE TARGET */
export function pingReport(
  ends: readonly PingEnd[],
  all: readonly Ping[],
  answered: ReadonlySet<string>,
  left: Pings["left"],
): Pings {
  return {
    ends: ends.map(({ node, address, pid }) => ({
      node,
      address,
      pod: pid !== undefined,
    })),
    sent: all.length,
    failed: all
      .filter(({ from, to }) => !answered.has(`${from.address} ${to.address}`))
      .map(({ from, to }) => ({
        from: from.node,
        to: to.node,
        source: from.address,
        target: to.address,
      })),
    left,
  };
}
