import { z } from "zod";
import type { Cidr } from "../core/cidr.ts";
import { Faults } from "../core/faults.ts";
import { parse } from "../core/schema.ts";
import { type ClusterArgs, clusterKeys } from "../inventory/clusterArgs.ts";
import type { Node } from "../inventory/nodes.ts";
import { givenSource, readCidrs, readInventory } from "../inventory/sources.ts";
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

/** Names of instances, for the schema of a cloud's component. */
export const instanceNames = z
  .array(z.string().min(1, "expected a name"))
  .min(1, "expected at least one name");

/** Arguments of a cloud's component, read and with the defaults filled in. */
export type CloudPlan<T> = Omit<T, "nodes" | "serviceCidrs"> & {
  /** Where the nodes stand. */
  readonly source: "nodes" | "machinesFile" | "inventory" | "instances";
  /** The nodes, unless they are `instances`, which are still to be looked up. */
  readonly cluster: readonly Node[];
  readonly serviceCidrs: readonly Cidr[];
};

/** Reads the arguments of a cloud's component. Throws one FaultsError that names everything wrong with them. */
export function readCloudArgs<S extends z.ZodObject>(
  schema: S,
  value: unknown,
  faults = new Faults(),
): CloudPlan<z.output<S>> {
  const args = parse(schema, value, "", faults);
  const raw = (value ?? {}) as Record<string, unknown>;
  const sources = ["nodes", "machinesFile", "inventory", "instances"] as const;
  const source = givenSource(raw, sources, faults);
  const cluster = readInventory(raw, source, faults);
  const serviceCidrs = readCidrs(raw.serviceCidrs, "serviceCidrs", faults);
  if (source !== undefined && source !== "instances") {
    validate(cluster, { nodeSubnets: [], serviceCidrs }, source, faults);
  }
  faults.throwIfAny("the configuration cannot be used");
  return { ...args, source, cluster, serviceCidrs } as unknown as CloudPlan<
    z.output<S>
  >;
}
