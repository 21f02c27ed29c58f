// The EC2 API as the stand-in for the aws plugin sees it: all pages of an answer, errors in the words
// of the official plugin, and what moto leaves out of an answer filled in.
import {
  type DescribeInstancesCommandInput,
  type DescribeNetworkInterfacesCommandInput,
  type DescribeRouteTablesCommandInput,
  EC2Client,
  EC2ServiceException,
  type Filter,
  type Instance,
  type InstanceNetworkInterface,
  type NetworkInterface,
  paginateDescribeInstances,
  paginateDescribeNetworkInterfaces,
  paginateDescribeRouteTables,
  type Route,
  type RouteTable,
  type Tag,
} from "@aws-sdk/client-ec2";
import { Refusal } from "./wire.ts";

const noCredentials =
  "No valid credential sources found.\nPlease see https://www.pulumi.com/registry/packages/aws/installation-configuration/ for more information about providing credentials.";
const noRegion =
  "Missing region information\nMake sure you have set your AWS region, in the environment variable AWS_REGION.";
const noEndpoint =
  "This is a stand-in for the aws plugin, for tests. It does not speak to AWS itself, but to the API at AWS_ENDPOINT_URL_EC2, which is not set. For AWS, install the official plugin: pulumi plugin install resource aws";

/** Filters as the functions take them. */
export interface FilterArg {
  readonly name: string;
  readonly values: readonly string[];
}

/** EC2 in one region. */
export class Ec2 {
  readonly region: string;
  readonly client: EC2Client;

  private constructor(region: string, client: EC2Client) {
    this.region = region;
    this.client = client;
  }

  /** Connects as the environment says, which has to name an endpoint and credentials. */
  static async connect(region?: string): Promise<Ec2> {
    const { env } = process;
    const wanted = region || env.AWS_REGION || env.AWS_DEFAULT_REGION;
    // Nothing but the endpoint is asked for anything: no instance metadata, no container's agent.
    env.AWS_EC2_METADATA_DISABLED = "true";
    delete env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI;
    delete env.AWS_CONTAINER_CREDENTIALS_FULL_URI;
    env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true";
    const client = new EC2Client(wanted ? { region: wanted } : {});
    await client.config.credentials().catch(() => {
      throw new Refusal(noCredentials);
    });
    const found = await client.config.region().catch(() => {
      throw new Refusal(noRegion);
    });
    if (!env.AWS_ENDPOINT_URL_EC2 && !env.AWS_ENDPOINT_URL) {
      throw new Refusal(noEndpoint);
    }
    return new Ec2(found, client);
  }

  async routeTables(
    input: DescribeRouteTablesCommandInput,
  ): Promise<RouteTable[]> {
    return all(
      "DescribeRouteTables",
      paginateDescribeRouteTables(this, input),
      (page) => page.RouteTables,
    );
  }

  async instances(input: DescribeInstancesCommandInput): Promise<Instance[]> {
    return all(
      "DescribeInstances",
      paginateDescribeInstances(this, input),
      (page) => page.Reservations?.flatMap((one) => one.Instances ?? []),
    );
  }

  async networkInterfaces(
    input: DescribeNetworkInterfacesCommandInput,
  ): Promise<NetworkInterface[]> {
    return all(
      "DescribeNetworkInterfaces",
      paginateDescribeNetworkInterfaces(this, input),
      (page) => page.NetworkInterfaces,
    );
  }

  /**
   * Fills in what EC2 says of a route through an instance or interface, and moto does not:
   * - the interface where the instance was given, and the instance where the interface was;
   * - that it is a black hole: the interface is gone or attached to nothing, or its instance does not run.
   */
  async complete(routes: readonly Route[]): Promise<Route[]> {
    const interfaces = await byId(
      given(routes, (route) => route.NetworkInterfaceId),
      "network-interface-id",
      (input) => this.networkInterfaces(input),
      (one) => one.NetworkInterfaceId,
    );
    const instances = await this.instancesOf([
      ...given(routes, (route) => route.InstanceId),
      ...given([...interfaces.values()], (one) => one.Attachment?.InstanceId),
    ]);
    return routes.map((route) => {
      const { NetworkInterfaceId = "", InstanceId = "" } = route;
      if (NetworkInterfaceId === "" && InstanceId === "") {
        return route;
      }
      const attachment = interfaces.get(NetworkInterfaceId)?.Attachment;
      const instance = instances.get(attachment?.InstanceId ?? InstanceId);
      const through =
        NetworkInterfaceId ||
        (instance && primary(instance)?.NetworkInterfaceId);
      return {
        ...route,
        NetworkInterfaceId: through,
        InstanceId: instance?.InstanceId ?? InstanceId,
        InstanceOwnerId: attachment?.InstanceOwnerId ?? route.InstanceOwnerId,
        State: instance?.State?.Name === "running" ? "active" : "blackhole",
      };
    });
  }

  /** Instances by id; those that are gone are left out. */
  instancesOf(wanted: readonly string[]): Promise<Map<string, Instance>> {
    return byId(
      wanted,
      "instance-id",
      (input) => this.instances(input),
      (one) => one.InstanceId,
    );
  }
}

/** Makes one call; its errors are those of the official plugin, which is Go's SDK. */
export async function call<T>(operation: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof EC2ServiceException) {
      const { httpStatusCode, requestId = "" } = error.$metadata;
      throw new Refusal(
        `operation error EC2: ${operation}, https response error StatusCode: ${httpStatusCode}, RequestID: ${requestId}, api error ${error.name}: ${error.message}`,
        error.name,
      );
    }
    throw new Refusal(
      `operation error EC2: ${operation}, ${(error as Error).message}`,
    );
  }
}

export async function all<Page, Item>(
  operation: string,
  pages: AsyncIterable<Page>,
  items: (page: Page) => readonly Item[] | undefined,
): Promise<Item[]> {
  const found: Item[] = [];
  const read = async () => {
    for await (const page of pages) {
      found.push(...(items(page) ?? []));
    }
  };
  await call(operation, read());
  return found;
}

/** An instance's interface with device index 0. A terminated one has none; moto goes on to show it. */
export function primary(
  instance: Instance,
): InstanceNetworkInterface | undefined {
  return instance.State?.Name === "terminated"
    ? undefined
    : instance.NetworkInterfaces?.find(
        (one) => one.Attachment?.DeviceIndex === 0,
      );
}

/**
 * Whether packets that are not for the instance are dropped. In EC2 that is a property of the primary
 * interface, shown at both; moto keeps two, and changes the one it is asked to: off is off.
 */
export function checksAddresses(instance: Instance): boolean {
  return (
    instance.SourceDestCheck !== false &&
    primary(instance)?.SourceDestCheck !== false
  );
}

export function is(name: string, values: readonly string[]): Filter {
  return { Name: name, Values: [...values] };
}

/** The filters of a function's arguments. EC2 refuses an empty list. */
export function filters(
  list: readonly FilterArg[] | undefined,
  tags: Readonly<Record<string, string>> | undefined,
  attributes: Readonly<Record<string, string | undefined>> = {},
): Filter[] | undefined {
  const given = [
    ...Object.entries(attributes).flatMap(([name, value]) =>
      value ? [is(name, [value])] : [],
    ),
    ...Object.entries(tags ?? {}).map(([key, value]) =>
      is(`tag:${key}`, [value]),
    ),
    ...(list ?? []).map(({ name, values }) => is(name, values)),
  ];
  return given.length === 0 ? undefined : given;
}

/** Tags as an object, without those that AWS sets itself. */
export function tagsOf(tags: readonly Tag[] | undefined): object {
  return Object.fromEntries(
    (tags ?? [])
      .filter(({ Key }) => !Key?.startsWith("aws:"))
      .map(({ Key, Value }) => [Key, Value ?? ""]),
  );
}

/** The values that items of a list have, of those that have one. */
export function given<T>(
  list: readonly T[] | undefined,
  value: (item: T) => string | undefined,
): string[] {
  return (list ?? []).flatMap((item) => value(item) || []);
}

/** Items by id, found by a filter of that name. Those that are gone are left out. */
async function byId<T>(
  ids: readonly string[],
  filter: string,
  find: (input: { Filters: Filter[] }) => Promise<T[]>,
  id: (item: T) => string | undefined,
): Promise<Map<string, T>> {
  const Filters = [is(filter, [...new Set(ids)])];
  const found = ids.length === 0 ? [] : await find({ Filters });
  return new Map(found.map((one) => [id(one) ?? "", one]));
}
