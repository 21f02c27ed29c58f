import type * as pulumi from "@pulumi/pulumi";

interface FakeInstance {
  id: string;
  eni: string;
  vpcId?: string;
  state?: string;
  ip?: string;
  ipv6?: string;
  tags?: Record<string, string>;
  sourceDestCheck?: boolean;
}

interface FakeRoute {
  cidrBlock?: string;
  ipv6CidrBlock?: string;
  networkInterfaceId?: string;
  instanceId?: string;
  gatewayId?: string;
}

interface FakeTable {
  id: string;
  vpcId?: string;
  tags?: Record<string, string>;
  routes?: FakeRoute[];
}

/** What there is in an AWS account. The VPC, where none is named, is `vpc-1`. */
export interface FakeAccount {
  instances?: FakeInstance[];
  tables?: FakeTable[];
  /** Address blocks of every VPC. */
  blocks?: string[];
}

interface Filter {
  name: string;
  values: string[];
}

/** Answers the functions of the aws provider that the component calls, for Pulumi's mocks. */
export function fakeEc2({
  instances = [],
  tables = [],
  blocks = ["172.20.0.0/16", "fd00:20::/56"],
}: FakeAccount): (args: pulumi.runtime.MockCallArgs) => object {
  const vpc = (one: { vpcId?: string }) => one.vpcId ?? "vpc-1";
  const tagged = (
    tags: Record<string, string> = {},
    { name, values }: Filter,
  ) =>
    values.some((value) =>
      new RegExp(`^${value.replaceAll("*", ".*").replaceAll("?", ".")}$`).test(
        tags[name.replace(/^tag:/, "")] ?? "",
      ),
    );
  const all = (filters: Filter[], test: (filter: Filter) => boolean) =>
    filters.every(test);
  const answers: Record<string, (inputs: never) => object> = {
    getRouteTables: ({ filters }: { filters: Filter[] }) => ({
      region: "eu-west-1",
      ids: tables
        .filter((table) =>
          all(filters, (filter) =>
            filter.name === "vpc-id"
              ? filter.values.includes(vpc(table))
              : filter.name === "route-table-id"
                ? filter.values.includes(table.id)
                : tagged(table.tags, filter),
          ),
        )
        .map(({ id }) => id),
    }),
    getRouteTable: ({ routeTableId }: { routeTableId: string }) => {
      const table = tables.find(({ id }) => id === routeTableId);
      return {
        vpcId: vpc(table ?? {}),
        routes: (table?.routes ?? []).map((route) => ({
          cidrBlock: "",
          ipv6CidrBlock: "",
          networkInterfaceId: "",
          instanceId: "",
          gatewayId: "",
          ...route,
        })),
      };
    },
    getVpc: () => ({
      cidrBlock: blocks[0],
      cidrBlockAssociations: blocks
        .filter((block) => !block.includes(":"))
        .map((cidrBlock) => ({ cidrBlock })),
      ipv6CidrBlock: "",
      ipv6CidrBlockAssociations: blocks
        .filter((block) => block.includes(":"))
        .map((ipv6CidrBlock) => ({ ipv6CidrBlock })),
    }),
    getInstances: ({
      filters,
      instanceStateNames = ["running"],
    }: {
      filters: Filter[];
      instanceStateNames?: string[];
    }) => ({
      ids: instances
        .filter(
          (one) =>
            instanceStateNames.includes(one.state ?? "running") &&
            all(filters, (filter) =>
              filter.name === "instance-id"
                ? filter.values.includes(one.id)
                : tagged(one.tags, filter),
            ),
        )
        .map(({ id }) => id),
    }),
    getInstance: ({ instanceId }: { instanceId: string }) => {
      const one = instances.find(({ id }) => id === instanceId);
      return {
        tags: one?.tags ?? {},
        instanceState: one?.state ?? "running",
        privateIp: one?.ip ?? "",
        ipv6Addresses: one?.ipv6 === undefined ? [] : [one.ipv6],
        networkInterfaceId: one?.eni,
      };
    },
    getNetworkInterfaces: ({ filters }: { filters: Filter[] }) => ({
      ids: instances
        .filter((one) =>
          all(filters, ({ name, values }) => {
            const is: Record<string, string> = {
              "network-interface-id": one.eni,
              "vpc-id": vpc(one),
              "source-dest-check": String(one.sourceDestCheck ?? false),
              "addresses.private-ip-address": one.ip ?? "",
              "ipv6-addresses.ipv6-address": one.ipv6 ?? "",
            };
            return values.includes(is[name] ?? "?");
          }),
        )
        .map(({ eni }) => eni),
    }),
    getNetworkInterface: ({ id }: { id: string }) => {
      const one = instances.find(({ eni }) => eni === id);
      return {
        id,
        privateIps: one?.ip === undefined ? [] : [one.ip],
        ipv6Addresses: one?.ipv6 === undefined ? [] : [one.ipv6],
        attachments: [{ instanceId: one?.id }],
      };
    },
  };
  return ({ token, inputs }) => {
    const answer = answers[token.replace(/^.*:/, "")];
    if (answer === undefined) {
      throw new Error(`nothing is known of ${token}`);
    }
    return answer(inputs as never);
  };
}
