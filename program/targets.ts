import * as pulumi from "@pulumi/pulumi";
import {
  type AwsPodRoutesArgs,
  awsArgsSchema,
} from "../components/aws/awsArgs.ts";
import { readCloudArgs } from "../components/cloud/cloudArgs.ts";
import { Faults } from "../components/core/faults.ts";
import {
  type FlannelOverlayArgs,
  flannelOverlayArgsSchema,
} from "../components/flannel/flannelArgs.ts";
import { readFlannelArgs } from "../components/flannel/flannelPlan.ts";
import {
  type GcpPodRoutesArgs,
  gcpArgsSchema,
} from "../components/gcp/gcpArgs.ts";
import {
  type HostPodRoutesArgs,
  hostArgsSchema,
  readHostArgs,
} from "../components/hosts/hostArgs.ts";
import type { Route } from "../components/inventory/routeTable.ts";
import {
  type OpenStackPodRoutesArgs,
  openStackArgsSchema,
} from "../components/openstack/openStackArgs.ts";
import { Gate } from "../components/stack/gate.ts";
import { readme } from "./readme.ts";

/** Where routes can go, and what each takes. */
export const targets = {
  hosts: hostArgsSchema,
  aws: awsArgsSchema,
  gcp: gcpArgsSchema,
  openstack: openStackArgsSchema,
  flannel: flannelOverlayArgsSchema,
};

export type Target = keyof typeof targets;

/** Checks the arguments of a target's component. Throws one FaultsError with all that is wrong, what is in `faults` already included. */
export function checkArgs(target: Target, args: unknown, faults: Faults): void {
  switch (target) {
    case "hosts":
      readHostArgs(args, faults);
      break;
    case "flannel":
      readFlannelArgs(args, faults);
      break;
    default:
      readCloudArgs(targets[target], args, faults);
  }
}

const always = ["routeTable", "routeTableText", "diagram"] as const;

/** What the stack outputs of each target's component, besides a `readme`. */
export const outputs = {
  hosts: [...always, "persistence"],
  aws: [...always, "routeTableIds", "vpcId"],
  gcp: [...always, "network", "project"],
  openstack: [...always, "subnetId", "networkId", "routerId"],
  flannel: [...always, "manifestYaml"],
} as const;

/** A target of the stack, and the arguments of its component, unchecked. */
export interface TargetConfig {
  readonly target: Target;
  readonly args: Record<string, unknown>;
}

/** Declares the components of all targets; returns what the stack is to output. */
export async function declareAll(
  configs: readonly TargetConfig[],
): Promise<Record<string, unknown>> {
  const gate = configs.length > 1 ? new Gate(configs.length) : undefined;
  try {
    const all = await Promise.all(
      configs.map(({ target, args }) => declare(target, args, gate)),
    );
    // of two targets, the first one's table is the stack's
    return Object.assign({}, ...all.reverse());
  } catch (error) {
    gate?.fail(error);
    throw error;
  }
}

/** Declares the component of a target; returns what the stack is to output. */
export async function declare(
  target: Target,
  args: unknown,
  gate?: Gate,
): Promise<Record<string, unknown>> {
  const name = "routes";
  switch (target) {
    case "hosts": {
      const { HostPodRoutes } = await load(
        () => import("../components/hosts/hostPodRoutes.ts"),
      );
      const given = args as HostPodRoutesArgs;
      const routes = new HostPodRoutes(name, given, {}, gate);
      const look =
        "ip route show proto 173   # on a host: all routes but those to itself";
      return outputsOf(routes, outputs.hosts, look);
    }
    case "aws": {
      const { AwsPodRoutes } = await load(
        () => import("../components/aws/awsPodRoutes.ts"),
      );
      const given = args as AwsPodRoutesArgs;
      const routes = new AwsPodRoutes(name, given, {}, gate);
      const ids = routes.routeTableIds.apply((all) => all.join(" "));
      const look = pulumi.interpolate`aws ec2 describe-route-tables --route-table-ids ${ids}`;
      return outputsOf(routes, outputs.aws, look);
    }
    case "gcp": {
      const { GcpPodRoutes } = await load(
        () => import("../components/gcp/gcpPodRoutes.ts"),
      );
      const given = args as GcpPodRoutesArgs;
      const routes = new GcpPodRoutes(name, given, {}, gate);
      const network = routes.network.apply((link) => link.replace(/^.*\//, ""));
      const look = pulumi.interpolate`gcloud compute routes list --project ${routes.project} --filter "network: ${network}"`;
      return outputsOf(routes, outputs.gcp, look);
    }
    case "openstack": {
      const { OpenStackPodRoutes } = await load(
        () => import("../components/openstack/openStackPodRoutes.ts"),
      );
      const given = args as OpenStackPodRoutesArgs;
      const routes = new OpenStackPodRoutes(name, given, {}, gate);
      const look = pulumi
        .all([routes.subnetId, routes.routerId])
        .apply(([subnetId, routerId]) =>
          routerId === undefined
            ? `openstack subnet show -c host_routes ${subnetId}`
            : `openstack router show -c routes ${routerId}`,
        );
      return outputsOf(routes, outputs.openstack, look);
    }
    case "flannel": {
      const { FlannelOverlay } = await load(
        () => import("../components/flannel/flannelOverlay.ts"),
      );
      const given = args as FlannelOverlayArgs;
      const overlay = new FlannelOverlay("overlay", given, {}, gate);
      const look =
        "kubectl get pods -A -l app=flannel -o wide   # flannel itself, on each node";
      return outputsOf(overlay, outputs.flannel, look);
    }
  }
}

/**
 * @param names the properties of the component that the stack outputs
 * @param look the command that shows the real routes
 */
function outputsOf<K extends string>(
  routes: { readonly routeTable: pulumi.Output<Route[]> } & Record<K, unknown>,
  names: readonly K[],
  look: pulumi.Input<string>,
): Record<string, unknown> {
  return {
    ...Object.fromEntries(names.map((name) => [name, routes[name]])),
    readme: pulumi
      .all([routes.routeTable, look])
      .apply(([table, command]) => readme(table, pulumi.getStack(), command)),
  };
}

/** Loads a component with the SDK of its cloud, which need not be installed: it is large, and few need all. */
async function load<T>(module: () => Promise<T>): Promise<T> {
  try {
    return await module();
  } catch (error) {
    const { code, message = "" } = error as NodeJS.ErrnoException;
    const [, sdk] = /Cannot find package '(@pulumi\/\w+)/.exec(message) ?? [];
    if (code !== "ERR_MODULE_NOT_FOUND" || sdk === undefined) {
      throw error;
    }
    const faults = new Faults();
    faults.add("target", `needs ${sdk}, which is not installed: npm ci`);
    faults.throwIfAny("a package is missing");
    throw error;
  }
}
