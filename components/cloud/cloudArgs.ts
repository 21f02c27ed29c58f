import { z } from "zod";
import type { Cidr } from "../core/cidr.ts";
import { Faults } from "../core/faults.ts";
import { complete, type ObjectSchema, parseKeys } from "../core/schema.ts";
import { type ClusterArgs, clusterKeys } from "../inventory/clusterArgs.ts";
import type { Node } from "../inventory/nodes.ts";
import {
  givenSource,
  readInventory,
  type Sources,
} from "../inventory/sources.ts";
import { validate } from "../inventory/validate.ts";

/** What the components of all clouds take. Give the inventory by exactly one of `nodes`, `machinesFile`, `inventory` and `instances`. */
export interface CloudArgs extends ClusterArgs {
  /** Whether a route to a pod CIDR that leads to the right instance, but that this stack did not make, is taken over (imported). Default: `false`, it is an error. */
  adoptExisting?: boolean;
}

/** The keys of {@link CloudArgs}, for the schema of a cloud's component. */
export const cloudKeys = {
  ...clusterKeys,
  adoptExisting: z.boolean().default(false),
};

/** How many routes a cloud allows, for the schema of a cloud's component. */
export const quota = z
  .int("expected a whole number")
  .min(1, "expected 1 or more");

/** Names of instances, for the schema of a cloud's component. */
export const instanceNames = z
  .array(z.string().min(1, "expected a name"))
  .min(1, "expected at least one name");

/** What of the arguments is the same in every cloud. */
interface CloudValues extends Sources {
  readonly serviceCidrs: readonly Cidr[];
}

/** Where the nodes of a cloud stand, and the nodes. */
interface CloudNodes {
  readonly source: keyof Sources;
  /** The nodes, unless they are `instances`, which are still to be looked up. */
  readonly cluster: readonly Node[];
}

/** Arguments of a cloud's component, read and with the defaults filled in. */
export type CloudPlan<T> = T & CloudNodes;

/** Reads the arguments of a cloud's component. Throws one FaultsError that names everything wrong with them. */
export function readCloudArgs<T extends CloudValues>(
  schema: ObjectSchema<T>,
  value: unknown,
  faults = new Faults(),
): CloudPlan<T> {
  const args = parseKeys(schema, value, "", faults);
  const sources = ["nodes", "machinesFile", "inventory", "instances"] as const;
  const source = givenSource(args, sources, faults);
  const cluster = readInventory(args, source, faults);
  const serviceCidrs = args.serviceCidrs ?? [];
  if (source !== null && source !== "instances") {
    validate(cluster, { nodeSubnets: [], serviceCidrs }, source, faults);
  }
  return {
    ...complete<T>(args, faults),
    ...complete<CloudNodes>({ source, cluster }, faults),
  };
}
