import fc from "fast-check";
import type { NodeArgs } from "../../components/inventory/nodes.ts";

/** Which address families a cluster has. */
type Stack = "IPv4" | "IPv6" | "dual stack";

const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,8}[a-z0-9])?$/);
const slots = (size: number) =>
  fc.uniqueArray(fc.nat(4095), { minLength: size, maxLength: size });

/** Clusters without a fault: some workers, perhaps controllers, addresses and pod CIDRs in no order. */
export const cluster: fc.Arbitrary<NodeArgs[]> = fc
  .record({
    stack: fc.constantFrom<Stack>("IPv4", "IPv6", "dual stack"),
    names: fc.uniqueArray(label, { minLength: 1, maxLength: 12 }),
  })
  .chain(({ stack, names }) =>
    fc
      .record({
        hosts: slots(names.length),
        pods: slots(names.length),
        longer: fc.array(fc.nat(8), {
          minLength: names.length,
          maxLength: names.length,
        }),
        controllers: fc.nat(names.length - 1),
      })
      .map(({ hosts, pods, longer, controllers }) =>
        names.map((name, i) => ({
          name,
          internalIp: internalIps(stack, hosts[i] ?? 0),
          ...(i >= controllers && {
            podCidrs: podCidrs(stack, pods[i] ?? 0, longer[i] ?? 0),
          }),
        })),
      ),
  );

/** Clusters that a machines.txt file can say. */
export const ipv4Cluster = cluster.filter((nodes) =>
  nodes.every(
    ({ internalIp }) =>
      internalIp.length === 1 && !internalIp[0]?.includes(":"),
  ),
);

function internalIps(stack: Stack, slot: number): string[] {
  return of(stack, `172.16.${slot >> 8}.${slot & 255}`, `fd00::${hex(slot)}`);
}

function podCidrs(stack: Stack, slot: number, longer: number): string[] {
  return of(
    stack,
    `10.${200 + (slot >> 8)}.${slot & 255}.0/${24 + longer}`,
    `fd00:200:1:${hex(slot + 1)}::/${64 + longer}`,
  );
}

function of(stack: Stack, four: string, six: string): string[] {
  return { IPv4: [four], IPv6: [six], "dual stack": [four, six] }[stack];
}

function hex(slot: number): string {
  return (slot + 1).toString(16);
}
