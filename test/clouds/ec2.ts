import {
  AssignIpv6AddressesCommand,
  AttachInternetGatewayCommand,
  CreateInternetGatewayCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSubnetCommand,
  CreateTagsCommand,
  CreateVpcCommand,
  DeleteRouteCommand,
  DescribeRouteTablesCommand,
  DescribeVpcsCommand,
  EC2Client,
  ModifyInstanceAttributeCommand,
  ModifyNetworkInterfaceAttributeCommand,
  type ResourceType,
  RunInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { type Moto, startMoto } from "../../lab/moto.ts";

type Tags = Readonly<Record<string, string>>;

/** A route as the API tells it. */
export interface Ec2Route {
  readonly destination: string;
  readonly instanceId?: string;
  readonly networkInterfaceId?: string;
  readonly gatewayId?: string;
}

/** What a route can lead to; the interface, where both are given. */
type Target =
  | { readonly instanceId: string }
  | { readonly networkInterfaceId: string }
  | { readonly gatewayId: string };

interface NewInstance {
  readonly subnet: string;
  readonly name: string;
  readonly ip: string;
  /** Goes into the tag `pod_cidr`. */
  readonly podCidr?: string;
  readonly tags?: Tags;
  readonly sourceDestCheck?: boolean;
  readonly ipv6?: string;
}

const region = "eu-west-1";
const key = "test";

/** An EC2 of a test's own: moto, with what the test puts into it. */
export class Ec2 {
  private readonly moto: Moto;
  /** For what this class has no method for. */
  readonly client: EC2Client;

  private constructor(moto: Moto, client: EC2Client) {
    this.moto = moto;
    this.client = client;
  }

  static async start(): Promise<Ec2> {
    const moto = await startMoto();
    // that later versions of the SDK will need a newer Node.js is no news for a test
    process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true";
    const client = new EC2Client({
      region,
      endpoint: moto.endpoint,
      credentials: { accessKeyId: key, secretAccessKey: key },
    });
    return new Ec2(moto, client);
  }

  async stop(): Promise<void> {
    this.client.destroy();
    await this.moto.stop();
  }

  /** Environment for the engine, so that its plugin uses this EC2 and no account of the user's. */
  get env(): Record<string, string> {
    return {
      // the official plugin asks STS and IAM as well, which moto answers
      AWS_ENDPOINT_URL: this.moto.endpoint,
      AWS_ENDPOINT_URL_EC2: this.moto.endpoint,
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      AWS_ACCESS_KEY_ID: key,
      AWS_SECRET_ACCESS_KEY: key,
      AWS_EC2_METADATA_DISABLED: "true",
      // none of the user's: empty is as good as not set
      AWS_CONFIG_FILE: "/dev/null",
      AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
      AWS_PROFILE: "",
      AWS_SESSION_TOKEN: "",
      AWS_ROLE_ARN: "",
      AWS_WEB_IDENTITY_TOKEN_FILE: "",
      AWS_CA_BUNDLE: "",
    };
  }

  async vpc(options: {
    cidr: string;
    /** With an IPv6 block too, see {@link ipv6Block}. */
    ipv6?: boolean;
    tags?: Tags;
  }): Promise<string> {
    const { Vpc } = await this.client.send(
      new CreateVpcCommand({
        CidrBlock: options.cidr,
        AmazonProvidedIpv6CidrBlock: options.ipv6 ?? false,
        ...tagged("vpc", options.tags),
      }),
    );
    return some(Vpc?.VpcId);
  }

  /** The IPv6 block that the API has chosen for a VPC. */
  async ipv6Block(vpc: string): Promise<string> {
    const { Vpcs } = await this.client.send(
      new DescribeVpcsCommand({ VpcIds: [vpc] }),
    );
    const [block] = Vpcs?.[0]?.Ipv6CidrBlockAssociationSet ?? [];
    return some(block?.Ipv6CidrBlock);
  }

  async subnet(
    vpc: string,
    cidr: string,
    options: { zone?: string; ipv6Cidr?: string } = {},
  ): Promise<string> {
    const { Subnet } = await this.client.send(
      new CreateSubnetCommand({
        VpcId: vpc,
        CidrBlock: cidr,
        AvailabilityZone: options.zone ?? `${region}a`,
        Ipv6CidrBlock: options.ipv6Cidr,
      }),
    );
    return some(Subnet?.SubnetId);
  }

  /** A running instance with one interface, which drops no packets that are for others. */
  async instance(
    options: NewInstance,
  ): Promise<{ instanceId: string; networkInterfaceId: string }> {
    const { subnet, name, ip, podCidr, tags, ipv6 } = options;
    const pods = podCidr === undefined ? {} : { pod_cidr: podCidr };
    const { Instances } = await this.client.send(
      new RunInstancesCommand({
        ImageId: "ami-12c6146b",
        InstanceType: "t3.micro",
        MinCount: 1,
        MaxCount: 1,
        NetworkInterfaces: [
          {
            DeviceIndex: 0,
            SubnetId: subnet,
            PrivateIpAddress: ip,
            // EC2's default for an instance's first interface, but not moto's
            DeleteOnTermination: true,
          },
        ],
        ...tagged("instance", { Name: name, ...pods, ...tags }),
      }),
    );
    const [instance] = Instances ?? [];
    const instanceId = some(instance?.InstanceId);
    const networkInterfaceId = some(
      instance?.NetworkInterfaces?.[0]?.NetworkInterfaceId,
    );
    if (ipv6 !== undefined) {
      await this.client.send(
        new AssignIpv6AddressesCommand({
          NetworkInterfaceId: networkInterfaceId,
          Ipv6Addresses: [ipv6],
        }),
      );
    }
    const check = options.sourceDestCheck ?? false;
    await this.setSourceDestCheck(instanceId, networkInterfaceId, check);
    return { instanceId, networkInterfaceId };
  }

  /** In EC2 the two are one; moto is told both. */
  async setSourceDestCheck(
    instanceId: string,
    networkInterfaceId: string,
    check: boolean,
  ): Promise<void> {
    const SourceDestCheck = { Value: check };
    await this.client.send(
      new ModifyInstanceAttributeCommand({
        InstanceId: instanceId,
        SourceDestCheck,
      }),
    );
    await this.client.send(
      new ModifyNetworkInterfaceAttributeCommand({
        NetworkInterfaceId: networkInterfaceId,
        SourceDestCheck,
      }),
    );
  }

  /** Gives a resource tags, in place of those of the same names. */
  async tag(id: string | undefined, tags: Tags): Promise<void> {
    const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
    await this.client.send(
      new CreateTagsCommand({ Resources: [some(id)], Tags }),
    );
  }

  async startInstance(instanceId: string): Promise<void> {
    await this.client.send(
      new StartInstancesCommand({ InstanceIds: [instanceId] }),
    );
  }

  async stopInstance(instanceId: string): Promise<void> {
    await this.client.send(
      new StopInstancesCommand({ InstanceIds: [instanceId] }),
    );
  }

  async terminate(instanceId: string): Promise<void> {
    await this.client.send(
      new TerminateInstancesCommand({ InstanceIds: [instanceId] }),
    );
  }

  async routeTable(vpc: string, tags: Tags = {}): Promise<string> {
    const { RouteTable } = await this.client.send(
      new CreateRouteTableCommand({
        VpcId: vpc,
        ...tagged("route-table", tags),
      }),
    );
    return some(RouteTable?.RouteTableId);
  }

  /** A route that no stack made. */
  async route(
    routeTable: string,
    destination: string,
    target: Target,
  ): Promise<void> {
    await this.client.send(
      new CreateRouteCommand({
        RouteTableId: routeTable,
        ...to(destination),
        ...via(target),
      }),
    );
  }

  async deleteRoute(routeTable: string, destination: string): Promise<void> {
    await this.client.send(
      new DeleteRouteCommand({ RouteTableId: routeTable, ...to(destination) }),
    );
  }

  /** An internet gateway of the VPC, which is the default route of these tables. */
  async internetGateway(
    vpc: string,
    ...routeTables: string[]
  ): Promise<string> {
    const { InternetGateway } = await this.client.send(
      new CreateInternetGatewayCommand({}),
    );
    const gatewayId = some(InternetGateway?.InternetGatewayId);
    await this.client.send(
      new AttachInternetGatewayCommand({
        VpcId: vpc,
        InternetGatewayId: gatewayId,
      }),
    );
    for (const routeTable of routeTables) {
      await this.route(routeTable, "0.0.0.0/0", { gatewayId });
    }
    return gatewayId;
  }

  /** Where Python finds the packages of moto. */
  async pythonPath(): Promise<string> {
    const program = "import moto, os; print(os.path.dirname(moto.__path__[0]))";
    return (await this.moto.python(program, {})).trim();
  }

  /** All routes of a table but the local one, as boto3 lists them, in the way of the guide: destination, interface or gateway. */
  async routesByBoto3(routeTable: string): Promise<string[]> {
    const program = `
import boto3
[table] = boto3.client("ec2").describe_route_tables(RouteTableIds=["${routeTable}"])["RouteTables"]
for route in table["Routes"]:
    if route.get("GatewayId") != "local":
        print(route["DestinationCidrBlock"], route.get("NetworkInterfaceId") or route["GatewayId"], route["State"])
`;
    // boto3 takes an empty variable for a value
    const given = Object.entries(this.env).filter(([, value]) => value !== "");
    const printed = await this.moto.python(program, Object.fromEntries(given));
    return printed.trim().split("\n").sort();
  }

  /** All routes of a table, sorted by destination, with what the API says and no more. */
  async routes(routeTable: string): Promise<Ec2Route[]> {
    const { RouteTables } = await this.client.send(
      new DescribeRouteTablesCommand({ RouteTableIds: [routeTable] }),
    );
    return (RouteTables?.[0]?.Routes ?? [])
      .map((route) => ({
        destination: some(
          route.DestinationCidrBlock ?? route.DestinationIpv6CidrBlock,
        ),
        ...(route.InstanceId && { instanceId: route.InstanceId }),
        ...(route.NetworkInterfaceId && {
          networkInterfaceId: route.NetworkInterfaceId,
        }),
        ...(route.GatewayId && { gatewayId: route.GatewayId }),
      }))
      .sort((a, b) =>
        a.destination.localeCompare(b.destination, "en", { numeric: true }),
      );
  }
}

function tagged(ResourceType: ResourceType, tags: Tags = {}) {
  const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  return Tags.length === 0
    ? {}
    : { TagSpecifications: [{ ResourceType, Tags }] };
}

function to(destination: string) {
  return destination.includes(":")
    ? { DestinationIpv6CidrBlock: destination }
    : { DestinationCidrBlock: destination };
}

function via(target: Target) {
  if ("networkInterfaceId" in target) {
    return { NetworkInterfaceId: target.networkInterfaceId };
  }
  return "gatewayId" in target
    ? { GatewayId: target.gatewayId }
    : { InstanceId: target.instanceId };
}

function some(value: string | undefined): string {
  if (value === undefined) {
    throw new Error("moto left out what was made");
  }
  return value;
}
