import { type AwsPodRoutesArgs, awsArgsSchema } from "./aws/args";
import { readCloudArgs } from "./cloudArgs";
import { Faults } from "./core/faults";
import { type GcpPodRoutesArgs, gcpArgsSchema } from "./gcp/args";
import {
  type HostPodRoutesArgs,
  hostArgsSchema,
  readHostArgs,
} from "./hostArgs";
import {
  type OpenStackPodRoutesArgs,
  openStackArgsSchema,
} from "./openstack/args";

/** Where routes can go, and what each takes. */
export const targets = {
  hosts: hostArgsSchema,
  aws: awsArgsSchema,
  gcp: gcpArgsSchema,
  openstack: openStackArgsSchema,
};

export type Target = keyof typeof targets;

/** Checks the arguments of a target's component. Throws one FaultsError with all that is wrong, what is in `faults` already included. */
export function checkArgs(target: Target, args: unknown, faults: Faults): void {
  if (target === "hosts") {
    readHostArgs(args, faults);
  } else {
    readCloudArgs(targets[target], args, faults);
  }
}

/** Declares the component of a target; returns what the stack is to output. */
export function declare(
  target: Target,
  args: unknown,
): Record<string, unknown> {
  const name = "routes";
  switch (target) {
    case "hosts": {
      const { HostPodRoutes } = load(
        () => require("./hostPodRoutes") as typeof import("./hostPodRoutes"),
      );
      const { routeTable, routeTableText, diagram, persistence } =
        new HostPodRoutes(name, args as HostPodRoutesArgs);
      return { routeTable, routeTableText, diagram, persistence };
    }
    case "aws": {
      const { AwsPodRoutes } = load(
        () => require("./awsPodRoutes") as typeof import("./awsPodRoutes"),
      );
      const { routeTable, routeTableText, diagram, routeTableIds, vpcId } =
        new AwsPodRoutes(name, args as AwsPodRoutesArgs);
      return { routeTable, routeTableText, diagram, routeTableIds, vpcId };
    }
    case "gcp": {
      const { GcpPodRoutes } = load(
        () => require("./gcpPodRoutes") as typeof import("./gcpPodRoutes"),
      );
      const { routeTable, routeTableText, diagram, network, project } =
        new GcpPodRoutes(name, args as GcpPodRoutesArgs);
      return { routeTable, routeTableText, diagram, network, project };
    }
    case "openstack": {
      const { OpenStackPodRoutes } = load(
        () =>
          require("./openStackPodRoutes") as typeof import("./openStackPodRoutes"),
      );
      const routes = new OpenStackPodRoutes(
        name,
        args as OpenStackPodRoutesArgs,
      );
      const { routeTable, routeTableText, diagram } = routes;
      const { subnetId, networkId, routerId } = routes;
      return {
        ...{ routeTable, routeTableText, diagram },
        ...{ subnetId, networkId, routerId },
      };
    }
  }
}

/** Loads a component with the SDK of its cloud, which need not be installed: it is large, and few need all. */
function load<T>(require: () => T): T {
  try {
    return require();
  } catch (error) {
    const { code, message = "" } = error as NodeJS.ErrnoException;
    const [, sdk] = /Cannot find module '(@pulumi\/\w+)/.exec(message) ?? [];
    if (code !== "MODULE_NOT_FOUND" || sdk === undefined) {
      throw error;
    }
    const faults = new Faults();
    faults.add("target", `needs ${sdk}, which is not installed: npm ci`);
    faults.throwIfAny("a package is missing");
    throw error;
  }
}
