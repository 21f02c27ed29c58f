import { z } from "zod";
import { address, block, optional, shown } from "../cloud/answers.ts";

// What is read of the answers of GCP's compute API. An answer in another form is an error.

/** https://cloud.google.com/compute/docs/naming-resources: RFC 1035 labels. */
const name = z
  .string()
  .regex(/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/, "expected a name of GCP's form");

/** A URL of a resource, or a part of one, or what a route leads to instead: a name or an address. */
const link = z
  .string()
  .max(300)
  .regex(/^[\w.:/~%+-]+$/, "expected the URL of a resource");

/** The last part of a URL. */
const last = link.transform((url) => url.slice(url.lastIndexOf("/") + 1));

/** Free text. A route that is taken over keeps it; it is never shown. */
const description = z.string().max(10_000).nullish();

/** A project's id. An old one begins with a domain. */
const project = z
  .string()
  .regex(/^[a-z0-9][a-z0-9.:-]{0,99}$/, "expected the id of a project");

/** The credentials and the project of the provider. */
export const clientSchema = z.object({
  accessToken: z.string(),
  project: optional(project),
});

export const networkSchema = z.object({ selfLink: link });

/** A route of the project: https://cloud.google.com/compute/docs/reference/rest/v1/routes */
export const routeSchema = z.object({
  name,
  network: link,
  destRange: block,
  priority: z.int(),
  description,
  tags: z.array(z.string()).nullish(),
  nextHopIp: optional(address),
  nextHopInstance: optional(link),
  nextHopGateway: optional(link),
  nextHopNetwork: optional(link),
  nextHopPeering: optional(link),
  nextHopIlb: optional(link),
  nextHopVpnTunnel: optional(link),
  nextHopHub: optional(link),
});

export type GcpRoute = Readonly<z.output<typeof routeSchema>>;

/** What is read of a route of ours in the state. */
export const routeOutputsSchema = z.looseObject({
  name,
  network: link,
  destRange: block,
  priority: z.int().nullish(),
  description,
  tags: z.array(z.string()).nullish(),
  nextHopIp: optional(address),
  nextHopInstance: optional(link),
});

export const instanceSchema = z.object({
  name,
  zone: last.pipe(name),
  selfLink: link,
  status: shown,
  canIpForward: z.boolean().nullish(),
  networkInterfaces: z
    .array(
      z.object({
        network: link,
        networkIP: optional(address),
        ipv6Address: optional(address),
      }),
    )
    .max(100)
    .nullish(),
  metadata: z
    .object({
      items: z
        .array(z.object({ key: z.string(), value: z.string().nullish() }))
        .nullish(),
    })
    .nullish(),
});

export type ApiInstance = z.output<typeof instanceSchema>;

export const subnetworkSchema = z.object({
  network: link,
  ipCidrRange: optional(block),
  ipv6CidrRange: optional(block),
  internalIpv6Prefix: optional(block),
  externalIpv6Prefix: optional(block),
  secondaryIpRanges: z
    .array(z.object({ ipCidrRange: block }))
    .max(1000)
    .nullish(),
});
