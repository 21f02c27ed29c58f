import { z } from "zod";
import {
  type CloudArgs,
  type CloudPlan,
  cloudKeys,
  instanceNames,
  quota,
} from "../cloud/cloudArgs.ts";
import { strict } from "../core/schema.ts";

/** What `OpenStackPodRoutes` takes. */
export interface OpenStackPodRoutesArgs extends CloudArgs {
  /** The nodes of the cluster, where OpenStack has them: ports, whose pod CIDRs are the blocks among their allowed address pairs. */
  instances?: PortsArgs;
  /** Whether the routes are host routes of the `subnet`, which hosts learn by DHCP, or routes of a `router`. Default: `subnet`. */
  mode?: "subnet" | "router";
  /** The subnet that the nodes are in: its name or id. Default: `kubernetes`, unless `subnetTag` is given. */
  subnet?: string;
  /** A tag of that subnet, instead of its name. Default: none. */
  subnetTag?: string;
  /** The router that gets the routes: its name or id. `mode: router` needs it. Default: none. */
  router?: string;
  /** How many host routes a subnet may have. Raise it when the cloud has raised its limit. Default: `20`, Neutron's `max_subnet_host_routes`. */
  routesPerSubnet?: number;
  /** How many routes a router may have. Raise it when the cloud has raised its limit. Default: `30`, Neutron's `max_routes`. */
  routesPerRouter?: number;
}

/** Which ports are those of the workers. Their pod CIDRs are the blocks among their allowed address pairs. */
interface PortsArgs {
  /** The names of the ports; `*` stands for any text, `?` for any one character. */
  names: string[];
}

const text = z.string().min(1, "expected a name or an id");

/** The keys of {@link OpenStackPodRoutesArgs}; defaults stand here and nowhere else. */
export const openStackArgsSchema = strict({
  ...cloudKeys,
  instances: strict({ names: instanceNames }).optional(),
  mode: z.enum(["subnet", "router"]).default("subnet"),
  subnet: text.optional(),
  subnetTag: z.string().min(1, "expected a tag").optional(),
  router: text.optional(),
  routesPerSubnet: quota.default(20),
  routesPerRouter: quota.default(30),
});

/** {@link OpenStackPodRoutesArgs}, read and with the defaults filled in. */
export type OpenStackArgs = CloudPlan<z.output<typeof openStackArgsSchema>>;

/** The subnet, where neither a name nor a tag is given. */
export const usualSubnet = "kubernetes";
