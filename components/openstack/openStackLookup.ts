import type { InvokeOptions } from "@pulumi/pulumi";
import type { z } from "zod";
import type { Instance } from "../cloud/instances.ts";
import { parseCidr } from "../core/cidr.ts";
import { type Faults, show } from "../core/faults.ts";
import { shownList } from "../core/shownName.ts";
import { networkApi } from "./openStackAccess.ts";
import {
  type ApiPort,
  type ApiRouter,
  type ApiSubnet,
  type NeutronRoute,
  portSchema,
  routerSchema,
  subnetSchema,
} from "./openStackAnswers.ts";
import type { NetworkApi } from "./openStackApi.ts";
import { type OpenStackArgs, usualSubnet } from "./openStackArgs.ts";

/** A port that a route can lead to. */
export interface Port extends Instance {
  /** The source addresses and blocks that it may send from. */
  readonly allowed: readonly string[];
  /** Whether it drops packets from other sources. */
  readonly secured: boolean;
}

/** The subnet or router that has the routes. */
export interface Holder {
  readonly kind: "subnet" | "router";
  readonly id: string;
  readonly name: string;
  readonly routes: readonly NeutronRoute[];
}

/** What OpenStack has. */
export interface OpenStackFindings {
  readonly api: NetworkApi;
  readonly subnet: ApiSubnet | undefined;
  /** The subnet, or in mode router the router. */
  readonly holder: Holder | undefined;
  /** Whether the router has an interface in the subnet, without which it cannot reach the nodes. */
  readonly attached: boolean;
  /** The ports in the subnet. */
  readonly ports: readonly Port[];
}

/** Looks up everything that the plan depends on. What is missing or ambiguous goes to `faults`. */
export async function lookUp(
  args: OpenStackArgs,
  faults: Faults,
  options: InvokeOptions,
): Promise<OpenStackFindings> {
  const api = await networkApi(options);
  const [subnet, router] = await Promise.all([
    findSubnet(api, args, faults),
    args.mode === "router" ? findRouter(api, args, faults) : undefined,
  ]);
  const ports =
    subnet === undefined
      ? []
      : (
          await api.list("ports", portSchema, {
            network_id: subnet.network_id,
          })
        ).filter((port) => inSubnet(port, subnet));
  return {
    api,
    subnet,
    holder:
      args.mode === "router"
        ? router && { kind: "router", ...router }
        : subnet && { ...subnet, kind: "subnet", routes: subnet.host_routes },
    attached: ports.some(
      (port) =>
        port.device_owner.startsWith("network:router_interface") &&
        port.device_id === router?.id,
    ),
    ports: ports
      .filter((port) => !port.device_owner.startsWith("network:"))
      .map((port) => toPort(port, subnet)),
  };
}

async function findSubnet(
  api: NetworkApi,
  { subnet, subnetTag }: OpenStackArgs,
  faults: Faults,
): Promise<ApiSubnet | undefined> {
  if (subnetTag !== undefined) {
    const found = await api.list("subnets", subnetSchema, {
      tags: subnetTag,
    });
    return exactlyOne(
      found,
      "subnetTag",
      `subnet with tag ${show(subnetTag)}`,
      faults,
    );
  }
  const wanted = subnet ?? usualSubnet;
  const found = await byNameOrId(api, "subnets", subnetSchema, wanted);
  return exactlyOne(found, "subnet", `subnet ${show(wanted)}`, faults);
}

async function findRouter(
  api: NetworkApi,
  { router }: OpenStackArgs,
  faults: Faults,
): Promise<ApiRouter | undefined> {
  if (router === undefined) {
    faults.add("router", "is missing, mode router needs the name or id of one");
    return undefined;
  }
  const found = await byNameOrId(api, "routers", routerSchema, router);
  return exactlyOne(found, "router", `router ${show(router)}`, faults);
}

/** As the openstack client does: the object with this id, otherwise those with this name. */
async function byNameOrId<S extends z.ZodType>(
  api: NetworkApi,
  collection: string,
  item: S,
  wanted: string,
): Promise<z.output<S>[]> {
  const byId = await api.list(collection, item, { id: wanted });
  return byId.length > 0 ? byId : api.list(collection, item, { name: wanted });
}

function exactlyOne<T extends { id: string; name: string }>(
  found: readonly T[],
  path: string,
  what: string,
  faults: Faults,
): T | undefined {
  if (found.length === 0) {
    faults.add(path, `there is no ${what}`);
  }
  if (found.length > 1) {
    const list = shownList(found.map(({ id, name }) => `${id} (${name})`));
    faults.add(
      path,
      `there are ${found.length} of ${what}: ${list}; give the id of the one you mean`,
    );
    return undefined;
  }
  return found[0];
}

function inSubnet({ fixed_ips }: ApiPort, { id }: ApiSubnet): boolean {
  return fixed_ips.some(({ subnet_id }) => subnet_id === id);
}

function toPort(port: ApiPort, subnet: ApiSubnet | undefined): Port {
  const allowed = (port.allowed_address_pairs ?? []).map((p) => p.ip_address);
  const blocks = allowed.filter((text) => isBlock(text));
  return {
    name: port.name,
    id: port.id,
    state: port.status,
    // Neutron routes to a port whether its machine runs or not
    running: true,
    addresses: port.fixed_ips
      .filter(({ subnet_id }) => subnet_id === subnet?.id)
      .map(({ ip_address }) => ip_address),
    podCidrs: blocks.length === 0 ? undefined : blocks.join(","),
    allowed,
    secured: port.port_security_enabled !== false,
  };
}

/** Whether an address pair is a pod CIDR: neither a single address, which machines may share, nor all addresses. */
function isBlock(text: string): boolean {
  const cidr = parseCidr(text);
  return typeof cidr !== "string" && cidr.prefix > 0 && cidr.first < cidr.last;
}
