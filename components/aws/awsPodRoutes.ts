import { Route } from "@pulumi/aws/ec2/index.js";
import type * as pulumi from "@pulumi/pulumi";
import { readCloudArgs } from "../cloud/cloudArgs.ts";
import { CloudPodRoutes } from "../cloud/cloudPodRoutes.ts";
import type { Gate } from "../stack/gate.ts";
import { orInputError } from "../stack/inputError.ts";
import { routeOutputsSchema } from "./awsAnswers.ts";
import { type AwsPodRoutesArgs, awsArgsSchema } from "./awsArgs.ts";
import { type AwsFindings, lookUp } from "./awsLookup.ts";
import { type AwsPlan, planAws } from "./awsPlan.ts";
import { resourceOf } from "./awsTableRoutes.ts";

export type { AwsPodRoutesArgs } from "./awsArgs.ts";

/**
 * Routes in AWS route tables: one `aws.ec2.Route` a route table and pod CIDR, through the network
 * interface of the worker that has it. `routeTableText` is what `Get-EC2RouteTable | Format-Table` prints.
 *
 * The instances and route tables have to be there; they are looked up at preview, where everything
 * that is wrong with them is said before anything is changed. Throws a `pulumi.InputPropertiesError`
 * that names all faults of its arguments.
 *
 * @example
 * new AwsPodRoutes("routes", { instances: { names: ["worker-*"] }, routeTables: { tags: { Name: "kubernetes" } } });
 */
export class AwsPodRoutes extends CloudPodRoutes<AwsFindings, AwsPlan> {
  /** The ids of the route tables that have the routes. */
  readonly routeTableIds: pulumi.Output<string[]>;
  /** The VPC of these. */
  readonly vpcId: pulumi.Output<string>;

  /** @param gate only for a program that declares several components at once */
  constructor(
    name: string,
    args: AwsPodRoutesArgs,
    opts?: pulumi.ComponentResourceOptions,
    gate?: Gate,
  ) {
    const read = orInputError(() => readCloudArgs(awsArgsSchema, args));
    const cloud = {
      name: "AWS",
      whoAmI: "aws sts get-caller-identity",
      fix: "pulumi up --refresh",
      routeType: "aws:ec2/route:Route",
      routeOutputs: routeOutputsSchema,
      lookUp: lookUp.bind(null, read),
      resourceOf,
      plan: planAws.bind(null, read),
      declare,
    };
    super("AwsPodRoutes", name, args, cloud, opts, gate);
    this.routeTableIds = this.ids.apply((ids) => ids.routeTableIds);
    this.vpcId = this.ids.apply((ids) => ids.vpcId);
  }
}

function declare(
  { routes }: AwsPlan,
  nameOf: (resource: string) => string,
  parent: pulumi.Resource,
): void {
  for (const route of routes) {
    const { routeTableId, networkInterfaceId, destination, importId } = route;
    const block = destination.includes(":")
      ? { destinationIpv6CidrBlock: destination }
      : { destinationCidrBlock: destination };
    new Route(
      nameOf(route.resource),
      { routeTableId, networkInterfaceId, ...block },
      { parent, ...(importId !== undefined && { import: importId }) },
    );
  }
}
