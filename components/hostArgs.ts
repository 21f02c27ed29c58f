import { z } from "zod";
import { Faults } from "./core/faults";
import type { Node, NodeArgs } from "./core/inventory";
import { parse, strict } from "./core/schema";
import { inDifferentSubnets } from "./core/subnets";
import { validate } from "./core/validate";
import {
  givenSource,
  readCidrs,
  readInventory,
  type StackInventory,
  stackInventorySchema,
} from "./inventory";
import { type SshArgs, sshSchema } from "./ssh/args";
import { type Hosts, readHosts } from "./ssh/hosts";

/** What {@link HostPodRoutes} takes. Give the inventory by exactly one of `nodes`, `machinesFile` and `inventory`. */
export interface HostPodRoutesArgs {
  /** The nodes of the cluster, where the stack's file lists them. A cloud finds the instance of each worker by its internal IP. */
  nodes?: NodeArgs[];
  /** The nodes of the cluster, where a file has them: one machine a line, `IPV4 FQDN HOST [POD_SUBNET]`; one without a pod subnet is a controller. Relative to the project. */
  machinesFile?: string;
  /** The nodes of the cluster, where another stack outputs them as a list like `nodes`. */
  inventory?: StackInventory;
  /** The subnets that the internal IPs are in: a next hop outside of them is refused, and a pod CIDR that overlaps one. Default: none, not checked. */
  nodeSubnets?: string[];
  /** The service CIDRs of the cluster: a pod CIDR that overlaps one is refused. Default: none, not checked. */
  serviceCidrs?: string[];
  /** How SSH reaches and trusts the hosts. Default: as root with a key of the SSH agent, host keys from `~/.ssh/known_hosts`. */
  ssh?: SshArgs;
  /** Whether the hosts get routes; `false` where something else routes, a cloud for example, and they are only to forward. Default: `true`. */
  hostRoutes?: boolean;
  /** Whether controllers get the routes too. Default: `true`. */
  controllerRoutes?: boolean;
  /** Whether controllers get a block in `/etc/hosts` that names the nodes with pods. Default: `true`. */
  controllerHosts?: boolean;
  /** Whether a host's route to a pod CIDR that somebody else made is taken over, and replaced if it leads elsewhere. Default: `false`, it is an error. */
  adoptExisting?: boolean;
  /** Seconds between two looks of a host at its own routes, which it then mends. Default: `10`. */
  healInterval?: number;
  /** What the hosts call this stack's routes, of letters, digits, `.`, `_` and `-`; unique among the stacks that share a host. Change it only after a destroy. Default: project, stack and component, with dots in between, after the organization where there is one. */
  owner?: string;
}

/** The keys of {@link HostPodRoutesArgs}; defaults stand here and nowhere else. */
export const hostArgsSchema = strict({
  nodes: z.unknown().optional(),
  machinesFile: z.string().min(1, "expected a file name").optional(),
  inventory: stackInventorySchema.optional(),
  nodeSubnets: z.array(z.string()).default([]),
  serviceCidrs: z.array(z.string()).default([]),
  ssh: sshSchema.prefault({}),
  hostRoutes: z.boolean().default(true),
  controllerRoutes: z.boolean().default(true),
  controllerHosts: z.boolean().default(true),
  adoptExisting: z.boolean().default(false),
  healInterval: z
    .int("expected a whole number")
    .min(1, "expected 1 to 3600")
    .max(3600, "expected 1 to 3600")
    .default(10),
  owner: z
    .string()
    .regex(
      /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/,
      "expected at most 128 letters, digits, . _ and -",
    )
    .optional(),
});

/** {@link HostPodRoutesArgs}, read, checked and with the defaults filled in. */
export interface HostPlan extends z.output<typeof hostArgsSchema> {
  readonly cluster: readonly Node[];
  readonly hosts: Hosts;
  /** Which nodes are in different subnets, if any are. */
  readonly apart: string | undefined;
}

/** Reads and checks the arguments. Throws one FaultsError that names everything wrong with them. */
export function readHostArgs(value: unknown, faults = new Faults()): HostPlan {
  const args = parse(hostArgsSchema, value, "", faults);
  const raw = (value ?? {}) as Record<string, unknown>;
  const sources = ["nodes", "machinesFile", "inventory"] as const;
  const source = givenSource(raw, sources, faults);
  const cluster = readInventory(raw, source, faults);
  const network = {
    nodeSubnets: readCidrs(raw.nodeSubnets, "nodeSubnets", faults),
    serviceCidrs: readCidrs(raw.serviceCidrs, "serviceCidrs", faults),
  };
  validate(cluster, network, source ?? "nodes", faults);
  const hosts = args && readHosts(args.ssh, cluster, faults);
  faults.throwIfAny("the configuration cannot be used");
  const apart = inDifferentSubnets(cluster, network.nodeSubnets);
  return { ...args, cluster, hosts, apart } as HostPlan;
}
