import { z } from "zod";
import {
  type CloudArgs,
  type CloudPlan,
  cloudKeys,
  instanceNames,
} from "../cloud/cloudArgs.ts";
import { integer, strict } from "../core/schema.ts";

/** What `AwsPodRoutes` takes. */
export interface AwsPodRoutesArgs extends CloudArgs {
  /** The nodes of the cluster, where AWS has them: running instances. */
  instances?: AwsInstancesArgs;
  /** The route tables that get the routes; all that is given has to match. Default: the one with the tag `Name=kubernetes`. */
  routeTables?: RouteTablesArgs;
  /** How many routes of one address family a route table may hold. Raise it when AWS has raised the quota. Default: `50`, which every account has. */
  routesPerTable?: number;
}

/** Which instances are the workers. */
interface AwsInstancesArgs {
  /** Their names, as in the tag `nameTag`; `*` stands for any text, `?` for any one character. */
  names: string[];
  /** The tag that holds an instance's name. Default: `Name`. */
  nameTag?: string;
  /** The tag that holds an instance's pod CIDR, or an IPv4 and an IPv6 one, separated by a comma. Default: `pod_cidr`. */
  podCidrTag?: string;
}

/** Which route tables; all that is given has to match. */
interface RouteTablesArgs {
  /** Ids of route tables, each of which gets the routes. Default: none. */
  ids?: string[];
  /** Tags that a route table has, as `TAG: VALUE`. Default: `Name: kubernetes`, unless `ids` are given. */
  tags?: Record<string, string>;
  /** The VPC of the route tables. Default: any. */
  vpcId?: string;
  /** Whether several route tables may match the tags, for example one an availability zone, and all get the routes. Default: `false`, it is an error. */
  several?: boolean;
}

const tag = z.string().min(1, "expected the name of a tag");
const routeTableId = z
  .string()
  .regex(/^rtb-[0-9a-f]+$/, "expected the id of a route table");
const vpcId = z.string().regex(/^vpc-[0-9a-f]+$/, "expected the id of a VPC");

/** The keys of {@link AwsPodRoutesArgs}; defaults stand here and nowhere else. */
export const awsArgsSchema = strict({
  ...cloudKeys,
  instances: strict({
    names: instanceNames,
    nameTag: tag.default("Name"),
    podCidrTag: tag.default("pod_cidr"),
  }).optional(),
  routeTables: strict({
    ids: z.array(routeTableId).min(1, "expected at least one id").optional(),
    tags: z.record(z.string(), z.string()).optional(),
    vpcId: vpcId.optional(),
    several: z.boolean().default(false),
  })
    .prefault({})
    .transform(({ ids, tags, ...rest }) => ({
      ...rest,
      ids,
      tags: tags ?? (ids === undefined ? { Name: "kubernetes" } : {}),
    })),
  routesPerTable: integer(1, 1000).default(50),
});

/** {@link AwsPodRoutesArgs}, read and with the defaults filled in. */
export type AwsArgs = CloudPlan<z.output<typeof awsArgsSchema>>;
