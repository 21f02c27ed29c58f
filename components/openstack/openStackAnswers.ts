import { z } from "zod";
import { address, block, maybe } from "../cloud/answers.ts";
import { shownName } from "../core/shownName.ts";

// What Neutron answers, as far as it is read. Whatever is in another form is an error of Neutron.

/** Neutron's ids are UUIDs; others are good too, as long as they mean nothing to a shell. */
const id = z
  .string()
  .regex(/^[0-9A-Za-z][0-9A-Za-z-]{0,63}$/, "expected an id");

/** A name that only messages show. */
const shown = z.string().transform(shownName);

const routeSchema = z.object({ destination: block, nexthop: address });

/** A route as Neutron has it, of a subnet or of a router. */
export type NeutronRoute = Readonly<z.output<typeof routeSchema>>;

/** So many parts an object has at most; Neutron's own limits are below 100. */
const parts = 10_000;
const routes = z.array(routeSchema).max(parts);

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
  /** As it is, for it is looked for by it. */
  name: z.string(),
  device_id: z.string(),
  device_owner: z.string(),
  status: shown,
  fixed_ips: z
    .array(z.object({ subnet_id: id, ip_address: address }))
    .max(parts),
  allowed_address_pairs: z
    .array(
      z.object({
        ip_address: z.union([address, block], "expected an address or a block"),
      }),
    )
    .max(parts)
    .nullish(),
  port_security_enabled: z.boolean().nullish(),
});

export type ApiPort = z.output<typeof portSchema>;

/** A subnet or router, as it is before it is changed. */
export const currentSchema = z.object({
  revision_number: z.int(),
  host_routes: routes.optional(),
  routes: routes.optional(),
});

/** What the state holds of a route of ours. */
export const routeOutputsSchema = z.looseObject({
  destinationCidr: block,
  nextHop: address,
  subnetId: maybe(id),
  routerId: maybe(id),
});
