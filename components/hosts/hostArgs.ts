import { z } from "zod";
import { Faults } from "../core/faults.ts";
import { complete, integer, parseKeys, strict } from "../core/schema.ts";
import {
  type NodeNetworkArgs,
  nodeNetworkKeys,
  readCluster,
} from "../inventory/clusterArgs.ts";
import { inDifferentSubnets } from "../inventory/nodeSubnets.ts";
import type { Node } from "../inventory/nodes.ts";
import { type Hosts, readHosts } from "../ssh/endpoints.ts";
import { type SshArgs, sshSchema } from "../ssh/sshArgs.ts";

/** What {@link HostPodRoutes} takes. Give the inventory by exactly one of `nodes`, `machinesFile` and `inventory`. */
export interface HostPodRoutesArgs extends NodeNetworkArgs {
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
  /** Seconds between two checks by a host of its own routes, which it then corrects. Default: `10`. */
  healInterval?: number;
  /** What the hosts call this stack's routes, of letters, digits, `.`, `_` and `-`; unique among the stacks that share a host. Change it only after a destroy. Default: project, stack and component as they were called when it was first applied, with dots in between, after the organization where there is one. */
  owner?: string;
}

/** The keys of {@link HostPodRoutesArgs}; defaults stand here and nowhere else. */
export const hostArgsSchema = strict({
  ...nodeNetworkKeys,
  ssh: sshSchema.prefault({}),
  hostRoutes: z.boolean().default(true),
  controllerRoutes: z.boolean().default(true),
  controllerHosts: z.boolean().default(true),
  adoptExisting: z.boolean().default(false),
  healInterval: integer(1, 3600).default(10),
  owner: z
    .string()
    .regex(
      /^[A-Za-z0-9_][A-Za-z0-9._-]{0,199}$/,
      "expected at most 200 letters, digits, . _ and -",
    )
    .optional(),
});

/** {@link HostPodRoutesArgs}, read, checked and with the defaults filled in. */
export interface HostPlan extends z.output<typeof hostArgsSchema> {
  readonly cluster: readonly Node[];
  readonly hosts: Hosts;
  /** Which nodes are in different subnets, if any are. */
  readonly separateSubnets: string | undefined;
}

/** Kubernetes supports 5,000. The script on the hosts takes 25,000 facts, of which a node with two address families can be four. */
const mostNodes = 6000;

/** Reads and checks the arguments. Throws one FaultsError that names everything wrong with them. */
export function readHostArgs(value: unknown, faults = new Faults()): HostPlan {
  const args = parseKeys(hostArgsSchema, value, "", faults);
  const { nodes: cluster, around, path } = readCluster(args, faults);
  if (cluster.length > mostNodes) {
    faults.add(
      path,
      `lists ${cluster.length} nodes, at most ${mostNodes} are allowed`,
    );
  }
  const hosts = args.ssh && readHosts(args.ssh, cluster, faults);
  const separateSubnets = inDifferentSubnets(cluster, around.nodeSubnets);
  return complete<HostPlan>(
    { ...args, cluster, hosts, separateSubnets },
    faults,
  );
}
