import * as pulumi from "@pulumi/pulumi";
import { readCloudArgs } from "../cloud/cloudArgs.ts";
import type { Gate } from "../stack/gate.ts";
import type { Target } from "../stack/target.ts";
import { type AwsPodRoutesArgs, awsArgsSchema } from "./awsArgs.ts";
import type { AwsPodRoutes } from "./awsPodRoutes.ts";

export const aws: Target<AwsPodRoutes> = {
  name: "aws",
  schema: awsArgsSchema,
  documentation: "AwsPodRoutesArgs",
  outputs: ["routeTableIds", "vpcId"] satisfies (keyof AwsPodRoutes)[],
  check: (args, faults) => readCloudArgs(awsArgsSchema, args, faults),
  async declare(args: AwsPodRoutesArgs, gate?: Gate) {
    const { AwsPodRoutes } = await import("./awsPodRoutes.ts");
    return new AwsPodRoutes("routes", args, {}, gate);
  },
  lookCommand({ routeTableIds }) {
    const ids = routeTableIds.apply((all) => all.join(" "));
    return pulumi.interpolate`aws ec2 describe-route-tables --route-table-ids ${ids}`;
  },
};
