import * as ec2 from "@pulumi/aws/ec2/index.js";
import type { InvokeOptions } from "@pulumi/pulumi";
import pMap from "p-map";
import { readAnswer } from "../cloud/answers.ts";
import type { Instance } from "../cloud/instances.ts";
import { canonical } from "../core/cidr.ts";
import { type Faults, show } from "../core/faults.ts";
import { join } from "../core/schema.ts";
import { shownList } from "../core/shownName.ts";
import {
  instanceSchema,
  instancesSchema,
  interfaceSchema,
  interfacesSchema,
  tableSchema,
  tablesSchema,
  vpcSchema,
} from "./awsAnswers.ts";
import type { AwsArgs } from "./awsArgs.ts";

/** An EC2 instance, or the network interface of one, that a route can lead to. */
export interface AwsInstance extends Instance {
  readonly instanceId: string;
  readonly networkInterfaceId: string;
}

/** A route of a route table. It leads to an interface, an instance or a gateway. */
export interface AwsRoute {
  readonly destination: string;
  readonly networkInterfaceId: string;
  readonly instanceId: string;
  readonly gatewayId: string;
}

export interface RouteTable {
  readonly id: string;
  readonly vpcId: string;
  /** Without the local ones and those that a gateway propagates, which do not count towards the quota. */
  readonly routes: readonly AwsRoute[];
}

/** What AWS was found to hold. */
export interface AwsFindings {
  readonly region: string;
  readonly tables: readonly RouteTable[];
  /** The address blocks of the VPC. */
  readonly vpcBlocks: readonly string[];
  /** The instances that have the wanted names or addresses. */
  readonly instances: readonly AwsInstance[];
  /** Those of their interfaces that are in the VPC of the route tables. */
  readonly inVpc: ReadonlySet<string>;
  /** Those of their interfaces whose source/destination check is on: they drop packets of pods. */
  readonly checked: ReadonlySet<string>;
  /** Interfaces that other routes lead to and that exist. */
  readonly present: ReadonlySet<string>;
}

/** How many values one filter of EC2 takes: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Filter.html */
const filterValues = 200;
/** How many requests run at once. EC2 allows calls that describe 20 more requests each second. */
const limit = { concurrency: 20 };

const states = ["pending", "running", "stopping", "stopped"];

/** Looks up everything that the plan depends on. What is missing or ambiguous goes to `faults`. */
export async function lookUp(
  args: AwsArgs,
  faults: Faults,
  options: InvokeOptions,
): Promise<AwsFindings> {
  const { region, tables } = await routeTables(
    args.routeTables,
    faults,
    options,
  );
  const vpcId = tables[0]?.vpcId;
  const [vpcBlocks, instances] = await Promise.all([
    vpcId === undefined ? [] : blocksOf(vpcId, options),
    args.instances !== undefined
      ? byName(args.instances, options)
      : byAddress(args.cluster, vpcId, options),
  ]);
  const interfaces = instances.map((i) => i.networkInterfaceId);
  const workers = new Set(interfaces);
  const others = tables
    .flatMap(({ routes }) => routes.map((r) => r.networkInterfaceId))
    .filter((id) => id !== "" && !workers.has(id));
  const [inVpc, checked, present] = await Promise.all([
    existing(interfaces, { "vpc-id": vpcId ?? "" }, options),
    existing(interfaces, { "source-dest-check": "true" }, options),
    existing([...new Set(others)], {}, options),
  ]);
  return { region, tables, vpcBlocks, instances, inVpc, checked, present };
}

async function routeTables(
  { ids, tags, vpcId, several }: AwsArgs["routeTables"],
  faults: Faults,
  options: InvokeOptions,
): Promise<Pick<AwsFindings, "region" | "tables">> {
  const filters = Object.entries({
    ...Object.fromEntries(
      Object.entries(tags).map(([key, value]) => [`tag:${key}`, [value]]),
    ),
    ...(vpcId !== undefined && { "vpc-id": [vpcId] }),
    ...(ids !== undefined && { "route-table-id": ids }),
  }).map(([name, values]) => ({ name, values }));
  const found = readAnswer(
    tablesSchema,
    await ec2.getRouteTables({ filters }, options),
    "ec2.getRouteTables",
  );
  const tables = await pMap(found.ids, (id) => routeTable(id, options), limit);
  const path = "routeTables";
  const list = shownList(tables.map((t) => `${t.id} (${t.vpcId})`));
  for (const [i, id] of (ids ?? []).entries()) {
    if (!found.ids.includes(id)) {
      faults.add(
        join(`${path}.ids`, i),
        `no route table in region ${found.region} has the id ${show(id)}${andCriteria(tags, vpcId)}`,
      );
    }
  }
  if (ids === undefined && tables.length === 0) {
    faults.add(
      path,
      `no route table in region ${found.region} has ${criteria(tags, vpcId)}`,
    );
  }
  if (ids === undefined && tables.length > 1 && !several) {
    faults.add(
      path,
      `${tables.length} route tables have ${criteria(tags, vpcId)}: ${list}; name those you mean in routeTables.ids, or set routeTables.several to true`,
    );
  } else if (new Set(tables.map((t) => t.vpcId)).size > 1) {
    faults.add(
      path,
      `these are in different VPCs: ${list}; one stack is for one VPC`,
    );
  }
  return { region: found.region, tables };
}

function criteria(tags: Record<string, string>, vpcId?: string): string {
  const all = Object.entries(tags).map(([key, value]) => `tag ${key}=${value}`);
  return [...all, ...(vpcId === undefined ? [] : [`VPC ${vpcId}`])].join(
    " and ",
  );
}

function andCriteria(tags: Record<string, string>, vpcId?: string): string {
  const more = criteria(tags, vpcId);
  return more === "" ? "" : ` and ${more}`;
}

async function routeTable(
  routeTableId: string,
  options: InvokeOptions,
): Promise<RouteTable> {
  const { vpcId, routes } = readAnswer(
    tableSchema,
    await ec2.getRouteTable({ routeTableId }, options),
    `ec2.getRouteTable ${routeTableId}`,
  );
  return {
    id: routeTableId,
    vpcId,
    routes: routes.map((route) => ({
      destination: canonical(route.cidrBlock || route.ipv6CidrBlock || ""),
      networkInterfaceId: route.networkInterfaceId,
      instanceId: route.instanceId,
      gatewayId:
        route.gatewayId ||
        route.natGatewayId ||
        route.transitGatewayId ||
        route.vpcPeeringConnectionId ||
        route.egressOnlyGatewayId ||
        route.vpcEndpointId ||
        route.localGatewayId ||
        route.carrierGatewayId ||
        route.coreNetworkArn,
    })),
  };
}

async function blocksOf(id: string, options: InvokeOptions): Promise<string[]> {
  const vpc = readAnswer(
    vpcSchema,
    await ec2.getVpc({ id }, options),
    `ec2.getVpc ${id}`,
  );
  return [
    vpc.cidrBlock,
    ...vpc.cidrBlockAssociations.map((block) => block.cidrBlock),
    vpc.ipv6CidrBlock,
    ...vpc.ipv6CidrBlockAssociations.map((block) => block.ipv6CidrBlock),
  ]
    .filter((block, i, all) => block && all.indexOf(block) === i)
    .map(canonical);
}

async function byName(
  { names, nameTag, podCidrTag }: NonNullable<AwsArgs["instances"]>,
  options: InvokeOptions,
): Promise<AwsInstance[]> {
  const ids = await byFilter(names, (values) => {
    const filters = [{ name: `tag:${nameTag}`, values }];
    return instanceIds({ filters, instanceStateNames: states }, options);
  });
  const read = async (instanceId: string) => {
    const found = readAnswer(
      instanceSchema,
      await ec2.getInstance({ instanceId }, options),
      `ec2.getInstance ${instanceId}`,
    );
    return {
      name: found.tags[nameTag] ?? "",
      id: instanceId,
      instanceId,
      state: found.instanceState,
      running: found.instanceState === "running",
      addresses: [found.privateIp, found.ipv6Addresses[0] ?? ""].filter(
        (address) => address !== "",
      ),
      podCidrs: found.tags[podCidrTag],
      networkInterfaceId: found.networkInterfaceId,
    };
  };
  return pMap(new Set(ids), read, limit);
}

/** The instances whose interfaces have the workers' internal IPs. */
async function byAddress(
  cluster: AwsArgs["cluster"],
  vpcId: string | undefined,
  options: InvokeOptions,
): Promise<AwsInstance[]> {
  if (vpcId === undefined) {
    return [];
  }
  const ips = cluster
    .filter((node) => node.podCidrs.length > 0)
    .flatMap((node) => node.internalIps.slice(0, 1));
  const ids = (name: string, family: number) => {
    const ofFamily = ips.filter((ip) => ip.family === family);
    return byFilter(
      ofFamily.map((ip) => ip.text),
      (values) => {
        const vpc = { name: "vpc-id", values: [vpcId] };
        return interfaceIds({ filters: [vpc, { name, values }] }, options);
      },
    );
  };
  const interfaces = [
    ...(await ids("addresses.private-ip-address", 4)),
    ...(await ids("ipv6-addresses.ipv6-address", 6)),
  ];
  const read = async (id: string) =>
    readAnswer(
      interfaceSchema,
      await ec2.getNetworkInterface({ id }, options),
      `ec2.getNetworkInterface ${id}`,
    );
  const found = await pMap(interfaces, read, limit);
  const running = new Set(
    await byFilter(
      found.flatMap((one) => one.attachments[0]?.instanceId || []),
      (values) => {
        const filters = [{ name: "instance-id", values }];
        return instanceIds({ filters }, options);
      },
    ),
  );
  return found.map((one) => {
    const instanceId = one.attachments[0]?.instanceId ?? "";
    return {
      name: "",
      id: instanceId || one.id,
      instanceId,
      state: running.has(instanceId) ? "running" : "not running",
      running: running.has(instanceId),
      addresses: [...one.privateIps, ...one.ipv6Addresses].map(canonical),
      podCidrs: undefined,
      networkInterfaceId: one.id,
    };
  });
}

/** Those of these interfaces that exist and match. */
async function existing(
  interfaces: readonly string[],
  match: Record<string, string>,
  options: InvokeOptions,
): Promise<Set<string>> {
  const more = Object.entries(match).map(([name, value]) => ({
    name,
    values: [value],
  }));
  const ids = await byFilter(interfaces, (values) => {
    const filters = [{ name: "network-interface-id", values }, ...more];
    return interfaceIds({ filters }, options);
  });
  return new Set(ids);
}

/** Asks for as many values at once as one filter takes, and joins the answers. */
async function byFilter(
  values: readonly string[],
  ask: (part: string[]) => Promise<string[]>,
): Promise<string[]> {
  const count = Math.ceil(values.length / filterValues);
  const parts = Array.from({ length: count }, (_, i) =>
    values.slice(i * filterValues, (i + 1) * filterValues),
  );
  return (await pMap(parts, ask, limit)).flat();
}

async function instanceIds(
  args: ec2.GetInstancesArgs,
  options: InvokeOptions,
): Promise<string[]> {
  const found = await ec2.getInstances(args, options);
  return readAnswer(instancesSchema, found, "ec2.getInstances").ids;
}

async function interfaceIds(
  args: ec2.GetNetworkInterfacesArgs,
  options: InvokeOptions,
): Promise<string[]> {
  const found = await ec2.getNetworkInterfaces(args, options);
  return readAnswer(interfacesSchema, found, "ec2.getNetworkInterfaces").ids;
}
