import { z } from "zod";
import {
  type CloudArgs,
  type CloudPlan,
  cloudKeys,
  instanceNames,
  quota,
} from "../cloud/cloudArgs.ts";
import { integer, strict } from "../core/schema.ts";

/** What `GcpPodRoutes` takes. */
export interface GcpPodRoutesArgs extends CloudArgs {
  /** The nodes of the cluster, where GCP has them: running instances. */
  instances?: GcpInstancesArgs;
  /** The VPC network that gets the routes: its name, or its self link for one of another project. */
  network: string;
  /** Whether a route leads to a worker's internal `address`, or to the `instance`, whatever its address is. Default: `address`. */
  nextHop?: "address" | "instance";
  /** Priority of the routes; 0 is the first. Default: `1000`. */
  priority?: number;
  /** How names of routes begin: at most 40 lower-case letters, digits and hyphens. Default: `kubernetes-route`, for names like `kubernetes-route-10-200-0-0-24`. */
  routeNamePrefix?: string;
  /** How many static routes the network may have. Raise it when Google has raised the quota. Default: `300`. */
  routesPerNetwork?: number;
}

/** Which instances are the workers. */
interface GcpInstancesArgs {
  /** Their names; `*` stands for any text, `?` for any one character. */
  names: string[];
  /** The zones that they are in. Default: all zones of the project. */
  zones?: string[];
  /** The key of an instance's metadata that holds its pod CIDR, or an IPv4 and an IPv6 one, separated by a comma. Default: `pod-cidr`. */
  podCidrKey?: string;
}

const name = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
/** https://cloud.google.com/compute/docs/reference/rest/v1/networks: a URL or a part of one, with or without the host. */
const selfLink =
  /^(https:\/\/[\w.-]+\/compute\/v1\/)?projects\/[a-z0-9.:-]+\/global\/networks\/[a-z]([-a-z0-9]*[a-z0-9])?$/;

/** The keys of {@link GcpPodRoutesArgs}; defaults stand here and nowhere else. */
export const gcpArgsSchema = strict({
  ...cloudKeys,
  instances: strict({
    names: instanceNames,
    zones: z
      .array(z.string().regex(name, "expected a zone, such as us-west1-c"))
      .min(1, "expected at least one zone")
      .optional(),
    podCidrKey: z
      .string()
      .regex(/^[\w-]{1,127}$/, "expected the key of metadata")
      .default("pod-cidr"),
  }).optional(),
  network: z
    .string()
    .refine(
      (text) => name.test(text) || selfLink.test(text),
      "expected the name of a network, or its self link",
    ),
  nextHop: z.enum(["address", "instance"]).default("address"),
  priority: integer(0, 65535).default(1000),
  routeNamePrefix: z
    .string()
    .max(40, "expected at most 40 characters")
    .regex(
      name,
      "expected lower-case letters, digits and hyphens, a letter first and no hyphen last",
    )
    .default("kubernetes-route"),
  routesPerNetwork: quota.default(300),
});

/** {@link GcpPodRoutesArgs}, read and with the defaults filled in. */
export type GcpArgs = CloudPlan<z.output<typeof gcpArgsSchema>>;
