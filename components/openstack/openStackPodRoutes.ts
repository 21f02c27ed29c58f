import {
  RouterRoute,
  SubnetRoute,
} from "@pulumi/openstack/networking/index.js";
import * as pulumi from "@pulumi/pulumi";
import { readCloudArgs } from "../cloud/cloudArgs.ts";
import { CloudPodRoutes } from "../cloud/cloudPodRoutes.ts";
import { shownList } from "../core/shownName.ts";
import type { Gate } from "../stack/gate.ts";
import { orInputError, orRunError } from "../stack/inputError.ts";
import { routeOutputsSchema } from "./openStackAnswers.ts";
import type { NetworkApi } from "./openStackApi.ts";
import {
  type OpenStackPodRoutesArgs,
  openStackArgsSchema,
} from "./openStackArgs.ts";
import {
  type Holder,
  lookUp,
  type OpenStackFindings,
} from "./openStackLookup.ts";
import {
  type OpenStackPlan,
  planOpenStack,
  resourceOf,
} from "./openStackPlan.ts";
import { restoreRoutes } from "./restoreRoutes.ts";

export type { OpenStackPodRoutesArgs } from "./openStackArgs.ts";

/**
 * Routes in OpenStack: one `openstack.networking.SubnetRoute` a pod CIDR, which hosts learn by DHCP,
 * or with `mode: router` one `RouterRoute`. `routeTableText` is what
 * `openstack subnet show kubernetes | grep destination` prints, or the same of the router.
 *
 * The subnet, the router and the ports have to be there; they are looked up at preview, where everything
 * that is wrong with them is said before anything is changed. Throws a `pulumi.InputPropertiesError`
 * that names all faults of its arguments.
 *
 * @example
 * new OpenStackPodRoutes("routes", { machinesFile: "machines.txt", subnet: "kubernetes" });
 */
export class OpenStackPodRoutes extends CloudPodRoutes<
  OpenStackFindings,
  OpenStackPlan
> {
  /** The subnet of the nodes. */
  readonly subnetId: pulumi.Output<string>;
  /** Its network. */
  readonly networkId: pulumi.Output<string>;
  /** The router that has the routes, in mode router. */
  readonly routerId: pulumi.Output<string | undefined>;

  /** @param gate only for a program that declares several components at once */
  constructor(
    name: string,
    args: OpenStackPodRoutesArgs,
    opts?: pulumi.ComponentResourceOptions,
    gate?: Gate,
  ) {
    const read = orInputError(() => readCloudArgs(openStackArgsSchema, args));
    const kind = read.mode === "router" ? "routerRoute" : "subnetRoute";
    const type = read.mode === "router" ? "RouterRoute" : "SubnetRoute";
    const cloud = {
      name: "OpenStack",
      whoAmI: "openstack token issue",
      fix: "pulumi up",
      routeType: `openstack:networking/${kind}:${type}`,
      routeOutputs: routeOutputsSchema,
      lookUp: lookUp.bind(null, read),
      resourceOf,
      plan: planOpenStack.bind(null, read),
      declare,
    };
    super("OpenStackPodRoutes", name, args, cloud, opts, gate);
    this.subnetId = this.ids.apply((ids) => ids.subnetId);
    this.networkId = this.ids.apply((ids) => ids.networkId);
    this.routerId = this.ids.apply((ids) => ids.routerId);
  }
}

async function declare(
  { api, holder, lost, routes }: OpenStackPlan,
  nameOf: (resource: string) => string,
  parent: pulumi.Resource,
): Promise<void> {
  if (api === undefined || holder === undefined) {
    return;
  }
  if (!pulumi.runtime.isDryRun()) {
    await orRunError("lost routes could not be put back", () =>
      restoreRoutes(api, holder, lost),
    );
  }
  const made = routes.map((route) => {
    const { destinationCidr, nextHop, importId } = route;
    const args = { destinationCidr, nextHop };
    const opts = {
      parent,
      ...(importId !== undefined && { import: importId }),
    };
    const name = nameOf(route.resource);
    return holder.kind === "router"
      ? new RouterRoute(name, { routerId: holder.id, ...args }, opts)
      : new SubnetRoute(name, { subnetId: holder.id, ...args }, opts);
  });
  if (!pulumi.runtime.isDryRun()) {
    await created(made);
    await restoreOverwritten(api, holder, routes, parent);
  }
}

/** Waits until all of these are created. */
function created(made: readonly pulumi.CustomResource[]): Promise<void> {
  return new Promise((resolve) => {
    pulumi.all(made.map(({ id }) => id)).apply(() => resolve());
  });
}

/** Restores routes that another stack has overwritten by changing the same subnet at the same time. */
async function restoreOverwritten(
  api: NetworkApi,
  holder: Holder,
  routes: OpenStackPlan["routes"],
  parent: pulumi.Resource,
): Promise<void> {
  const wanted = routes.map(({ destinationCidr, nextHop }) => ({
    destination: destinationCidr,
    nexthop: nextHop,
  }));
  const undone = await orRunError(
    "the routes were made, but whether they are still there could not be checked",
    () => restoreRoutes(api, holder, wanted),
  );
  if (undone.length > 0) {
    const list = shownList(undone.map(({ destination }) => destination));
    await pulumi.log.warn(
      `${holder.kind} ${holder.name} was changed by somebody else at the same time, and lost the routes to ${list}; they have been put back`,
      parent,
    );
  }
}
