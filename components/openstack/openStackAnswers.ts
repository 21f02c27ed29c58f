import { z } from "zod";
import { address, block, optional, shown } from "../cloud/answers.ts";

// What is read of Neutron's answers. An answer in another form is an error.

/** Neutron's ids are UUIDs. Others are accepted if they have no character that is special to a shell. */
const id = z
  .string()
  .regex(/^[0-9A-Za-z][0-9A-Za-z-]{0,63}$/, "expected an id");

const routeSchema = z.object({ destination: block, nexthop: address });

/** A route of a subnet or of a router. */
export type NeutronRoute = Readonly<z.output<typeof routeSchema>>;

/** How many parts an object may have; Neutron's own limits are below 100. */
const mostParts = 10_000;
const routes = z.array(routeSchema).max(mostParts);

export const subnetSchema = z.object({
  id,
  name: shown,
  network_id: id,
  cidr: block,
  ip_version: z.literal([4, 6]),
  host_routes: routes,
});

export type ApiSubnet = z.output<typeof subnetSchema>;

export const routerSchema = z.object({ id, name: shown, routes });

export type ApiRouter = z.output<typeof routerSchema>;

export const portSchema = z.object({
  id,
  /** Unchanged, because ports are looked for by it. */
  name: z.string(),
  device_id: z.string(),
  device_owner: z.string(),
  status: shown,
  fixed_ips: z
    .array(z.object({ subnet_id: id, ip_address: address }))
    .max(mostParts),
  allowed_address_pairs: z
    .array(
      z.object({
        ip_address: z.union([address, block], "expected an address or a block"),
      }),
    )
    .max(mostParts)
    .nullish(),
  port_security_enabled: z.boolean().nullish(),
});

export type ApiPort = z.output<typeof portSchema>;

/** A subnet or router, read before it is changed. */
export const currentSchema = z.object({
  revision_number: z.int(),
  host_routes: routes.optional(),
  routes: routes.optional(),
});

/** What is read of a route of ours in the state. */
export const routeOutputsSchema = z.looseObject({
  destinationCidr: block,
  nextHop: address,
  subnetId: optional(id),
  routerId: optional(id),
});
