import { z } from "zod";
import { address, block, maybe } from "../cloud/answers.ts";
import { shownName } from "../core/shownName.ts";

// What GCP's compute API answers, as far as it is read. Whatever is in another form is an error of the API.

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

/** Free text. It is kept where a route is taken over, and not shown by us. */
const description = z.string().max(10_000).nullish();

/** A project's id, with the domain that an old one has before it. */
const project = z
  .string()
  .regex(/^[a-z0-9][a-z0-9.:-]{0,99}$/, "expected the id of a project");

/** Who the provider is to GCP. */
export const clientSchema = z.object({
  accessToken: z.string(),
  project: maybe(project),
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
  nextHopIp: maybe(address),
  nextHopInstance: maybe(link),
  nextHopGateway: maybe(link),
  nextHopNetwork: maybe(link),
  nextHopPeering: maybe(link),
  nextHopIlb: maybe(link),
  nextHopVpnTunnel: maybe(link),
  nextHopHub: maybe(link),
});

export type GcpRoute = Readonly<z.output<typeof routeSchema>>;

/** What the state holds of a route of ours. */
export const routeOutputsSchema = z.looseObject({
  name,
  network: link,
  destRange: block,
  priority: z.int().nullish(),
  description,
  tags: z.array(z.string()).nullish(),
  nextHopIp: maybe(address),
  nextHopInstance: maybe(link),
});

export const instanceSchema = z.object({
  name,
  zone: last.pipe(name),
  selfLink: link,
  status: z.string().transform(shownName),
  canIpForward: z.boolean().nullish(),
  networkInterfaces: z
    .array(
      z.object({
        network: link,
        networkIP: maybe(address),
        ipv6Address: maybe(address),
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
  ipCidrRange: maybe(block),
  ipv6CidrRange: maybe(block),
  internalIpv6Prefix: maybe(block),
  externalIpv6Prefix: maybe(block),
  secondaryIpRanges: z
    .array(z.object({ ipCidrRange: block }))
    .max(1000)
    .nullish(),
});
