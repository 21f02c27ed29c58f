import * as pulumi from "@pulumi/pulumi";
import { readCloudArgs } from "../cloud/cloudArgs.ts";
import type { Gate } from "../stack/gate.ts";
import type { Target } from "../stack/target.ts";
import {
  type OpenStackPodRoutesArgs,
  openStackArgsSchema,
} from "./openStackArgs.ts";
import type { OpenStackPodRoutes } from "./openStackPodRoutes.ts";

export const openstack: Target<OpenStackPodRoutes> = {
  name: "openstack",
  schema: openStackArgsSchema,
  documentation: "OpenStackPodRoutesArgs",
  outputs: [
    "subnetId",
    "networkId",
    "routerId",
  ] satisfies (keyof OpenStackPodRoutes)[],
  check: (args, faults) => readCloudArgs(openStackArgsSchema, args, faults),
  async declare(args: OpenStackPodRoutesArgs, gate?: Gate) {
    const { OpenStackPodRoutes } = await import("./openStackPodRoutes.ts");
    return new OpenStackPodRoutes("routes", args, {}, gate);
  },
  lookCommand: ({ subnetId, routerId }) =>
    pulumi
      .all([subnetId, routerId])
      .apply(([subnet, router]) =>
        router === undefined
          ? `openstack subnet show -c host_routes ${subnet}`
          : `openstack router show -c routes ${router}`,
      ),
};
