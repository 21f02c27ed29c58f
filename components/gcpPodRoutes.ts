import { Route } from "@pulumi/gcp/compute";
import * as pulumi from "@pulumi/pulumi";
import { readCloudArgs } from "./cloudArgs";
import { Faults } from "./core/faults";
import { diagram } from "./core/render";
import { type GcpArgs, type GcpPodRoutesArgs, gcpArgsSchema } from "./gcp/args";
import { lookUp } from "./gcp/lookup";
import { type GcpPlan, type GcpPodRoute, planGcp } from "./gcp/plan";
import { asking, orInputError, runErrorIfAny } from "./inputError";
import { recorded } from "./recorded";

/**
 * Routes in a VPC network of GCP: one `gcp.compute.Route` a pod CIDR, to the internal address of the
 * worker that has it, or to its instance.
 *
 * The instances and the network have to be there; they are looked up at preview, where everything
 * that is wrong with them is said before anything is changed. Throws a `pulumi.InputPropertiesError`
 * that names all faults of its arguments.
 *
 * @example
 * new GcpPodRoutes("routes", { instances: { names: ["worker-*"] }, network: "kubernetes-the-hard-way" });
 */
export class GcpPodRoutes extends pulumi.ComponentResource {
  /** One route a pod CIDR, sorted numerically by destination. */
  readonly routeTable: pulumi.Output<GcpPodRoute[]>;
  /** All routes of the network, as `gcloud compute routes list` prints them. */
  readonly routeTableText: pulumi.Output<string>;
  /** The route table as a Mermaid flow chart. */
  readonly diagram: pulumi.Output<string>;
  /** Self link of the network that has the routes. */
  readonly network: pulumi.Output<string>;
  /** The project of the network. */
  readonly project: pulumi.Output<string>;

  constructor(
    name: string,
    args: GcpPodRoutesArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const read = orInputError(() => readCloudArgs(gcpArgsSchema, args));
    super("pod-network-routes:index:GcpPodRoutes", name, args, opts);
    const plan = this.declare(name, read);
    const planned = pulumi.output(plan);
    this.routeTable = planned.apply((plan) => plan.routeTable);
    this.routeTableText = planned.apply((plan) => plan.text);
    this.diagram = planned.apply((plan) => diagram(plan.routeTable));
    this.network = planned.apply((plan) => plan.network);
    this.project = planned.apply((plan) => plan.project);
    this.registerOutputs(
      plan.then(
        ({ routeTable, network, project }) => ({
          routeTable,
          network,
          project,
        }),
        () => ({}), // whoever reads `planned` learns of the failure, once
      ),
    );
  }

  /** Looks GCP up, and declares the routes only once nothing speaks against any of them. */
  private async declare(name: string, args: GcpArgs): Promise<GcpPlan> {
    const faults = new Faults();
    const prefix = `${name}-`;
    const ours = await recorded("gcp:compute/route:Route", prefix, this);
    const found = await asking("GCP", "gcloud auth list", () =>
      lookUp(args, faults, { parent: this }),
    );
    const plan = planGcp(args, found, ours, faults);
    runErrorIfAny(faults, "GCP cannot have these routes");
    for (const warning of plan.warnings) {
      await pulumi.log.warn(warning, this);
    }
    for (const { resource, name, content, importId } of plan.routes) {
      new Route(
        `${prefix}${resource}`,
        { name, ...content },
        {
          parent: this,
          // a route that changes gets another name, so the new one can be there before the old one goes
          deleteBeforeReplace: false,
          ...(importId !== undefined && { import: importId }),
        },
      );
    }
    return plan;
  }
}
