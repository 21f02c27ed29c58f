import { z } from "zod";
import type { Cidr } from "../core/cidr.ts";
import type { Faults } from "../core/faults.ts";
import type { Node, NodeArgs } from "./nodes.ts";
import {
  givenSource,
  readCidrs,
  readInventory,
  type StackInventory,
  stackInventorySchema,
} from "./sources.ts";
import { validate } from "./validate.ts";

/** What every component takes. */
export interface ClusterArgs {
  /** The nodes of the cluster, where the stack's file lists them. A cloud finds the instance of each worker by its internal IP. */
  nodes?: NodeArgs[];
  /** The nodes of the cluster, where a file has them: one machine a line, `IPV4 FQDN HOST [POD_SUBNET]`; one without a pod subnet is a controller. Relative to the project. */
  machinesFile?: string;
  /** The nodes of the cluster, where another stack outputs them as a list like `nodes`. */
  inventory?: StackInventory;
  /** The service CIDRs of the cluster: a pod CIDR that overlaps one is refused. Default: none, not checked. */
  serviceCidrs?: string[];
}

/** The keys of {@link ClusterArgs}, for the schema of a component. */
export const clusterKeys = {
  nodes: z.unknown().optional(),
  machinesFile: z.string().min(1, "expected a file name").optional(),
  inventory: stackInventorySchema.optional(),
  serviceCidrs: z.array(z.string()).default([]),
};

/** What the components that log in to nodes take besides. */
export interface NodeNetworkArgs extends ClusterArgs {
  /** The subnets that the internal IPs are in: a next hop outside of them is refused, and a pod CIDR that overlaps one. Default: none, not checked. */
  nodeSubnets?: string[];
}

/** The keys of {@link NodeNetworkArgs}. */
export const nodeNetworkKeys = {
  ...clusterKeys,
  nodeSubnets: z.array(z.string()).default([]),
};

/** The nodes of a cluster and the networks around them, checked. */
export interface Cluster {
  readonly nodes: readonly Node[];
  readonly around: {
    readonly nodeSubnets: readonly Cidr[];
    readonly serviceCidrs: readonly Cidr[];
  };
  /** Where the nodes stand, for messages. */
  readonly path: string;
  /** Whether none was left out for a fault of its own. */
  readonly complete: boolean;
}

/** Reads the values of {@link NodeNetworkArgs} as the user wrote them; what is wrong goes to `faults`. */
export function readCluster(
  raw: Readonly<Record<string, unknown>>,
  faults: Faults,
): Cluster {
  const sources = ["nodes", "machinesFile", "inventory"] as const;
  const source = givenSource(raw, sources, faults);
  const path = source ?? "nodes";
  const before = faults.all.length;
  const nodes = readInventory(raw, source, faults);
  const complete = nodes.length > 0 && faults.all.length === before;
  const around = {
    nodeSubnets: readCidrs(raw.nodeSubnets, "nodeSubnets", faults),
    serviceCidrs: readCidrs(raw.serviceCidrs, "serviceCidrs", faults),
  };
  validate(nodes, around, path, faults);
  return { nodes, around, path, complete };
}
