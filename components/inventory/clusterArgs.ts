import { z } from "zod";
import type { Faults } from "../core/faults.ts";
import type { Values } from "../core/schema.ts";
import { cidrsSchema, type Node, type NodeArgs } from "./nodes.ts";
import {
  givenSource,
  readInventory,
  type Sources,
  type StackInventory,
  stackInventorySchema,
} from "./sources.ts";
import { type Networks, validate } from "./validate.ts";

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
  serviceCidrs: cidrsSchema.default([]),
};

/** What the components that log in to nodes take besides. */
export interface NodeNetworkArgs extends ClusterArgs {
  /** The subnets that the internal IPs are in: a next hop outside of them is refused, and a pod CIDR that overlaps one. Default: none, not checked. */
  nodeSubnets?: string[];
}

/** The keys of {@link NodeNetworkArgs}. */
export const nodeNetworkKeys = {
  ...clusterKeys,
  nodeSubnets: cidrsSchema.default([]),
};

/** The nodes of a cluster and the networks around them, checked. */
export interface Cluster {
  readonly nodes: readonly Node[];
  readonly around: Networks;
  /** Where the nodes stand, for messages. */
  readonly path: string;
  /** Whether none was left out for a fault of its own. */
  readonly complete: boolean;
}

/** Reads the values of {@link nodeNetworkKeys}; what is wrong with them goes to `faults`. */
export function readCluster(
  values: Values<Omit<Sources, "instances"> & Networks>,
  faults: Faults,
): Cluster {
  const sources = ["nodes", "machinesFile", "inventory"] as const;
  const source = givenSource(values, sources, faults);
  const path = source ?? "nodes";
  const before = faults.all.length;
  const nodes = readInventory(values, source, faults);
  const complete = nodes.length > 0 && faults.all.length === before;
  const around = {
    nodeSubnets: values.nodeSubnets ?? [],
    serviceCidrs: values.serviceCidrs ?? [],
  };
  validate(nodes, around, path, faults);
  return { nodes, around, path, complete };
}
