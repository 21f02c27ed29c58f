import * as pulumi from "@pulumi/pulumi";
import type { NodeArgs } from "../../components/inventory/nodes.ts";

// Here the machines are numbers. A real stack makes them, and outputs their addresses.
const workers = new pulumi.Config().requireNumber("workers");

/** The nodes as pod-network-routes takes them. */
export const nodes: NodeArgs[] = [
  { name: "controller-0", internalIp: "10.240.0.10" },
  ...Array.from({ length: workers }, (_, i) => ({
    name: `worker-${i}`,
    internalIp: `10.240.0.${20 + i}`,
    podCidrs: [`10.200.${i}.0/24`],
  })),
];
