/** A host of the bench. */
export interface BenchNode {
  readonly name: string;
  readonly address: string;
  /** Undefined: the controller. */
  readonly podCidr?: string;
}

/** The network of the hosts, wide enough for thousands, and the lab's own address in it. */
export const network = "10.240.0.0/20";
export const labAddress = "10.240.0.1/20";
/** All pod CIDRs are in it. */
export const podNetwork = "10.200.0.0/13";

/** So many hosts: one controller, which has no pods, and workers. A longer inventory begins with the shorter one. */
export function inventory(size: number): BenchNode[] {
  return Array.from({ length: size }, (_, i) => {
    const address = `10.240.${(i + 10) >> 8}.${(i + 10) & 255}`;
    return i === 0
      ? { name: "server", address }
      : {
          name: `node-${i - 1}`,
          address,
          podCidr: `10.${200 + ((i - 1) >> 8)}.${(i - 1) & 255}.0/24`,
        };
  });
}

/** The routes that a host is to have, `CIDR via ADDRESS`: to every worker's pods but its own. */
export function routesOn(
  host: BenchNode,
  nodes: readonly BenchNode[],
): string[] {
  return nodes
    .filter(({ name, podCidr }) => podCidr && name !== host.name)
    .map(({ podCidr, address }) => `${podCidr} via ${address}`);
}

/** The lines that a host is to have in its /etc/hosts, `ADDRESS NAME`: the workers, on the controller. */
export function namesOn(
  host: BenchNode,
  nodes: readonly BenchNode[],
): string[] {
  return host.podCidr !== undefined
    ? []
    : nodes
        .filter(({ podCidr }) => podCidr)
        .map(({ address, name }) => `${address} ${name}`);
}
