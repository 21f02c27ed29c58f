import { Route } from "@pulumi/gcp/compute/index.js";
import type * as pulumi from "@pulumi/pulumi";
import { readCloudArgs } from "../cloud/cloudArgs.ts";
import { CloudPodRoutes } from "../cloud/cloudPodRoutes.ts";
import type { Gate } from "../stack/gate.ts";
import { orInputError } from "../stack/inputError.ts";
import { routeOutputsSchema } from "./gcpAnswers.ts";
import { type GcpPodRoutesArgs, gcpArgsSchema } from "./gcpArgs.ts";
import { type GcpFindings, lookUp } from "./gcpLookup.ts";
import { type GcpPlan, planGcp } from "./gcpPlan.ts";
import { resourceOf } from "./gcpRoutes.ts";

export type { GcpPodRoutesArgs } from "./gcpArgs.ts";

/**
 * Routes in a VPC network of GCP: one `gcp.compute.Route` a pod CIDR, to the internal address of the
 * worker that has it, or to its instance. `routeTableText` is what `gcloud compute routes list` prints.
 *
 * The instances and the network have to be there; they are looked up at preview, where everything
 * that is wrong with them is said before anything is changed. Throws a `pulumi.InputPropertiesError`
 * that names all faults of its arguments.
 *
 * @example
 * new GcpPodRoutes("routes", { instances: { names: ["worker-*"] }, network: "kubernetes-the-hard-way" });
 */
export class GcpPodRoutes extends CloudPodRoutes<GcpFindings, GcpPlan> {
  /** Self link of the network that has the routes. */
  readonly network: pulumi.Output<string>;
  /** The project of the network. */
  readonly project: pulumi.Output<string>;

  /** @param gate only for a program that declares several components at once */
  constructor(
    name: string,
    args: GcpPodRoutesArgs,
    opts?: pulumi.ComponentResourceOptions,
    gate?: Gate,
  ) {
    const read = orInputError(() => readCloudArgs(gcpArgsSchema, args));
    const cloud = {
      name: "GCP",
      whoAmI: "gcloud auth list",
      fix: "pulumi up --refresh",
      routeType: "gcp:compute/route:Route",
      routeOutputs: routeOutputsSchema,
      lookUp: lookUp.bind(null, read),
      resourceOf,
      plan: planGcp.bind(null, read),
      declare,
    };
    super("GcpPodRoutes", name, args, cloud, opts, gate);
    this.network = this.ids.apply((ids) => ids.network);
    this.project = this.ids.apply((ids) => ids.project);
  }
}

function declare(
  { routes }: GcpPlan,
  nameOf: (resource: string) => string,
  parent: pulumi.Resource,
): void {
  for (const { resource, name, content, importId } of routes) {
    new Route(
      nameOf(resource),
      { name, ...content },
      {
        parent,
        // a route that changes gets another name, so the new one can be there before the old one goes
        deleteBeforeReplace: false,
        ...(importId !== undefined && { import: importId }),
      },
    );
  }
}
