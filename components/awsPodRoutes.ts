import { Route } from "@pulumi/aws/ec2";
import * as pulumi from "@pulumi/pulumi";
import { type AwsArgs, type AwsPodRoutesArgs, awsArgsSchema } from "./aws/args";
import { lookUp } from "./aws/lookup";
import { type AwsPlan, type AwsPodRoute, planAws } from "./aws/plan";
import { readCloudArgs } from "./cloudArgs";
import { Faults } from "./core/faults";
import { diagram } from "./core/render";
import { asking, orInputError, runErrorIfAny } from "./inputError";
import { recorded } from "./recorded";

/**
 * Routes in AWS route tables: one `aws.ec2.Route` a route table and pod CIDR, through the network
 * interface of the worker that has it.
 *
 * The instances and route tables have to be there; they are looked up at preview, where everything
 * that is wrong with them is said before anything is changed. Throws a `pulumi.InputPropertiesError`
 * that names all faults of its arguments.
 *
 * @example
 * new AwsPodRoutes("routes", { instances: { names: ["worker-*"] }, routeTables: { tags: { Name: "kubernetes" } } });
 */
export class AwsPodRoutes extends pulumi.ComponentResource {
  /** One route a pod CIDR, sorted numerically by destination. */
  readonly routeTable: pulumi.Output<AwsPodRoute[]>;
  /** All routes of the route tables, as `Get-EC2RouteTable | Format-Table` prints them. */
  readonly routeTableText: pulumi.Output<string>;
  /** The route table as a Mermaid flow chart. */
  readonly diagram: pulumi.Output<string>;
  /** The ids of the route tables that have the routes. */
  readonly routeTableIds: pulumi.Output<string[]>;
  /** The VPC of these. */
  readonly vpcId: pulumi.Output<string>;

  constructor(
    name: string,
    args: AwsPodRoutesArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const read = orInputError(() => readCloudArgs(awsArgsSchema, args));
    super("pod-network-routes:index:AwsPodRoutes", name, args, opts);
    const plan = this.declare(name, read);
    const planned = pulumi.output(plan);
    this.routeTable = planned.apply((plan) => plan.routeTable);
    this.routeTableText = planned.apply((plan) => plan.text);
    this.diagram = planned.apply((plan) => diagram(plan.routeTable));
    this.routeTableIds = planned.apply((plan) => plan.routeTableIds);
    this.vpcId = planned.apply((plan) => plan.vpcId);
    this.registerOutputs(
      plan.then(
        ({ routeTable, routeTableIds, vpcId }) => ({
          routeTable,
          routeTableIds,
          vpcId,
        }),
        () => ({}), // whoever reads `planned` learns of the failure, once
      ),
    );
  }

  /** Looks AWS up, and declares the routes only once nothing speaks against any of them. */
  private async declare(name: string, args: AwsArgs): Promise<AwsPlan> {
    const faults = new Faults();
    const prefix = `${name}-`;
    const ours = await recorded("aws:ec2/route:Route", prefix, this);
    const found = await asking("AWS", "aws sts get-caller-identity", () =>
      lookUp(args, faults, { parent: this }),
    );
    const plan = planAws(args, found, ours, faults);
    runErrorIfAny(faults, "AWS cannot have these routes");
    for (const warning of plan.warnings) {
      await pulumi.log.warn(warning, this);
    }
    for (const route of plan.routes) {
      const { routeTableId, networkInterfaceId, destination } = route;
      const block = destination.includes(":")
        ? { destinationIpv6CidrBlock: destination }
        : { destinationCidrBlock: destination };
      new Route(
        `${prefix}${route.name}`,
        { routeTableId, networkInterfaceId, ...block },
        {
          parent: this,
          ...(route.importId !== undefined && { import: route.importId }),
        },
      );
    }
    return plan;
  }
}
