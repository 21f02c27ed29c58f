// The functions of the stand-in for the aws plugin. See aws.ts for where the rules come from.
import {
  DescribeVpcAttributeCommand,
  type Instance,
  type NetworkInterface,
  paginateDescribeVpcs,
  type Route,
  type Vpc,
  type VpcAttributeName,
} from "@aws-sdk/client-ec2";
import ipaddr from "ipaddr.js";
import {
  all,
  call,
  checksAddresses,
  type Ec2,
  type FilterArg,
  filters,
  given,
  is,
  primary,
  tagsOf,
} from "./awsEc2.ts";
import { targetsOf } from "./awsRoute.ts";
import { type Properties, prefixed, Refusal } from "./wire.ts";

/** The arguments of all functions together. */
interface Args {
  readonly filters?: readonly FilterArg[];
  readonly tags?: Readonly<Record<string, string>>;
  readonly instanceTags?: Readonly<Record<string, string>>;
  readonly instanceStateNames?: readonly string[];
  readonly id?: string;
  readonly instanceId?: string;
  readonly vpcId?: string;
  readonly routeTableId?: string;
  readonly subnetId?: string;
  readonly gatewayId?: string;
  readonly cidrBlock?: string;
  readonly dhcpOptionsId?: string;
  readonly default?: boolean;
  readonly state?: string;
}

type Fn = (ec2: Ec2, args: Args) => Promise<Properties>;

const byName: Record<string, Fn> = {
  getRouteTables,
  getRouteTable,
  getVpc,
  getInstances,
  getInstance,
  getNetworkInterfaces,
  getNetworkInterface,
};

/** Answers one call of a function, such as `aws:ec2/getVpc:getVpc`. */
export async function invoke(
  ec2: Ec2,
  token: string,
  args: Properties,
): Promise<Properties> {
  const name = token.split(":").at(-1) ?? "";
  const fn = byName[name];
  if (fn === undefined || token !== `aws:ec2/${name}:${name}`) {
    throw new Refusal(
      `the stand-in for the aws plugin does not serve ${token}`,
    );
  }
  return { ...args, region: ec2.region, ...(await fn(ec2, args)) };
}

async function getRouteTables(ec2: Ec2, args: Args): Promise<Properties> {
  const Filters = filters(args.filters, args.tags, { "vpc-id": args.vpcId });
  const found = await ec2.routeTables({ Filters });
  return {
    id: ec2.region,
    ids: found.map((table) => table.RouteTableId),
    tags: args.tags ?? {},
  };
}

async function getRouteTable(ec2: Ec2, args: Args): Promise<Properties> {
  const Filters = filters(args.filters, args.tags, {
    "route-table-id": args.routeTableId,
    "vpc-id": args.vpcId,
    "association.subnet-id": args.subnetId,
    "association.gateway-id": args.gatewayId,
  });
  if (Filters === undefined) {
    throw new Refusal(
      "one of route_table_id, vpc_id, subnet_id, gateway_id, filters, or tags must be assigned",
    );
  }
  const [table, another] = await ec2.routeTables({ Filters });
  if (table === undefined) {
    throw new Refusal(
      "query returned no results. Please change your search criteria and try again",
    );
  }
  if (another !== undefined) {
    throw new Refusal(
      "multiple Route Tables matched; use additional constraints to reduce matches to a single Route Table",
    );
  }
  const id = table.RouteTableId ?? "";
  const ownerId = table.OwnerId ?? "";
  const routes = await ec2.complete((table.Routes ?? []).filter(isShown));
  return {
    arn: arn(ec2, ownerId, `route-table/${id}`),
    associations: (table.Associations ?? []).map((one) => ({
      gatewayId: one.GatewayId ?? "",
      main: one.Main ?? false,
      routeTableAssociationId: one.RouteTableAssociationId ?? "",
      routeTableId: one.RouteTableId ?? "",
      subnetId: one.SubnetId ?? "",
    })),
    gatewayId: args.gatewayId ?? "",
    id,
    ownerId,
    routeTableId: id,
    routes: routes.map((route) => ({
      cidrBlock: route.DestinationCidrBlock ?? "",
      ipv6CidrBlock: route.DestinationIpv6CidrBlock ?? "",
      destinationPrefixListId: route.DestinationPrefixListId ?? "",
      ...targetsOf(route),
    })),
    subnetId: args.subnetId ?? "",
    tags: tagsOf(table.Tags),
    vpcId: table.VpcId ?? "",
  };
}

/** Local routes and those that a gateway propagates are not shown, nor is a gateway endpoint's. */
function isShown(route: Route): boolean {
  const { GatewayId = "" } = route;
  return (
    GatewayId !== "local" &&
    GatewayId !== "VpcLattice" &&
    route.Origin !== "EnableVgwRoutePropagation" &&
    !(route.DestinationPrefixListId && GatewayId.startsWith("vpce-"))
  );
}

async function getVpc(ec2: Ec2, args: Args): Promise<Properties> {
  const Filters = filters(args.filters, args.tags, {
    cidr: args.cidrBlock,
    "dhcp-options-id": args.dhcpOptionsId,
    isDefault: args.default ? "true" : undefined,
    state: args.state,
  });
  const vpc = await single(
    "EC2 VPC",
    "InvalidVpcID.NotFound",
    all(
      "DescribeVpcs",
      paginateDescribeVpcs(ec2, {
        Filters,
        ...(args.id && { VpcIds: [args.id] }),
      }),
      (page) => page.Vpcs,
    ),
  );
  const id = vpc.VpcId ?? "";
  const [mainTable] = await ec2.routeTables({
    Filters: [is("association.main", ["true"]), is("vpc-id", [id])],
  });
  const ipv6 = ipv6Associations(vpc);
  return {
    arn: arn(ec2, vpc.OwnerId, `vpc/${id}`),
    cidrBlock: vpc.CidrBlock ?? "",
    cidrBlockAssociations: (vpc.CidrBlockAssociationSet ?? []).map((one) => ({
      associationId: one.AssociationId ?? "",
      cidrBlock: one.CidrBlock ?? "",
      state: one.CidrBlockState?.State ?? "",
    })),
    default: vpc.IsDefault ?? false,
    dhcpOptionsId: vpc.DhcpOptionsId ?? "",
    enableDnsHostnames: await vpcAttribute(ec2, id, "enableDnsHostnames"),
    enableDnsSupport: await vpcAttribute(ec2, id, "enableDnsSupport"),
    enableNetworkAddressUsageMetrics: await vpcAttribute(
      ec2,
      id,
      "enableNetworkAddressUsageMetrics",
    ),
    id,
    instanceTenancy: vpc.InstanceTenancy ?? "",
    ipv6AssociationId: ipv6[0]?.associationId ?? "",
    ipv6CidrBlock: ipv6[0]?.ipv6CidrBlock ?? "",
    ipv6CidrBlockAssociations: ipv6,
    mainRouteTableId: mainTable?.RouteTableId ?? "",
    ownerId: vpc.OwnerId ?? "",
    state: vpc.State ?? "",
    tags: tagsOf(vpc.Tags),
  };
}

function ipv6Associations(vpc: Vpc) {
  return (vpc.Ipv6CidrBlockAssociationSet ?? []).map((one) => ({
    associationId: one.AssociationId ?? "",
    ipSource: one.IpSource ?? "",
    ipv6AddressAttribute: one.Ipv6AddressAttribute ?? "",
    // moto's blocks are random, and may be written with leading zeros, which EC2 never does
    ipv6CidrBlock: one.Ipv6CidrBlock
      ? ipaddr.IPv6.parseCIDR(one.Ipv6CidrBlock).join("/")
      : "",
    ipv6Pool: one.Ipv6Pool ?? "",
    networkBorderGroup: one.NetworkBorderGroup ?? "",
    state: one.Ipv6CidrBlockState?.State ?? "",
  }));
}

async function vpcAttribute(
  ec2: Ec2,
  VpcId: string,
  Attribute: VpcAttributeName,
): Promise<boolean> {
  const command = new DescribeVpcAttributeCommand({ VpcId, Attribute });
  const found = await call("DescribeVpcAttribute", ec2.client.send(command));
  const value =
    found.EnableDnsHostnames ??
    found.EnableDnsSupport ??
    found.EnableNetworkAddressUsageMetrics;
  return value?.Value ?? false;
}

async function getInstances(ec2: Ec2, args: Args): Promise<Properties> {
  const { instanceStateNames: states = [] } = args;
  const found = await ec2.instances({
    Filters: [
      is("instance-state-name", states.length > 0 ? states : ["running"]),
      ...(filters(args.filters, args.instanceTags) ?? []),
    ],
  });
  return {
    id: ec2.region,
    ids: found.map((instance) => instance.InstanceId),
    instanceTags: args.instanceTags ?? {},
    ipv6Addresses: given(found, (one) => ipv6AddressesOf(primary(one))[0]),
    privateIps: given(found, privateIp),
    publicIps: given(found, (one) => one.PublicIpAddress),
  };
}

async function getInstance(ec2: Ec2, args: Args): Promise<Properties> {
  const Filters = filters(args.filters, args.instanceTags);
  const instance = await single(
    "EC2 Instance",
    "InvalidInstanceID.NotFound",
    ec2.instances({
      Filters,
      ...(args.instanceId && { InstanceIds: [args.instanceId] }),
    }),
  );
  const id = instance.InstanceId ?? "";
  const { Placement: placement } = instance;
  const first = primary(instance);
  const groups = instance.SecurityGroups ?? [];
  return {
    ami: instance.ImageId ?? "",
    arn: arn(ec2, first?.OwnerId, `instance/${id}`),
    associatePublicIpAddress: first?.Association?.PublicIp !== undefined,
    availabilityZone: placement?.AvailabilityZone ?? "",
    creditSpecifications: [],
    disableApiStop: false,
    disableApiTermination: false,
    ebsBlockDevices: [],
    ebsOptimized: instance.EbsOptimized ?? false,
    enclaveOptions: [],
    ephemeralBlockDevices: [],
    getPasswordData: false,
    getUserData: false,
    hostId: placement?.HostId ?? "",
    hostResourceGroupArn: placement?.HostResourceGroupArn ?? "",
    iamInstanceProfile:
      instance.IamInstanceProfile?.Arn?.split("/").at(-1) ?? "",
    id,
    instanceState: instance.State?.Name ?? "",
    instanceTags: args.instanceTags ?? {},
    instanceType: instance.InstanceType ?? "",
    ipv6Addresses: ipv6AddressesOf(first),
    keyName: instance.KeyName ?? "",
    launchTime: instance.LaunchTime?.toISOString().replace(".000", "") ?? "",
    maintenanceOptions: [],
    metadataOptions: [],
    monitoring: instance.Monitoring?.State === "enabled",
    networkInterfaceId: first?.NetworkInterfaceId ?? "",
    outpostArn: instance.OutpostArn ?? "",
    passwordData: "",
    placementGroup: placement?.GroupName ?? "",
    placementGroupId: placement?.GroupId ?? "",
    placementPartitionNumber: placement?.PartitionNumber ?? 0,
    privateDns: instance.PrivateDnsName ?? "",
    privateDnsNameOptions: [],
    privateIp: privateIp(instance) ?? "",
    publicDns: instance.PublicDnsName ?? "",
    publicIp: instance.PublicIpAddress ?? "",
    rootBlockDevices: [],
    secondaryPrivateIps: given(first?.PrivateIpAddresses, (one) =>
      one.Primary ? undefined : one.PrivateIpAddress,
    ),
    securityGroups: given(groups, (group) => group.GroupName),
    sourceDestCheck: checksAddresses(instance),
    subnetId: first?.SubnetId ?? "",
    tags: tagsOf(instance.Tags),
    tenancy: placement?.Tenancy ?? "",
    userData: "",
    userDataBase64: "",
    vpcSecurityGroupIds: given(groups, (group) => group.GroupId),
  };
}

/** A terminated instance has no addresses any more; moto goes on to show them. */
function privateIp(instance: Instance): string | undefined {
  return primary(instance) && instance.PrivateIpAddress;
}

function ipv6AddressesOf(
  one: Pick<NetworkInterface, "Ipv6Addresses"> | undefined,
): string[] {
  return given(one?.Ipv6Addresses, (each) => each.Ipv6Address);
}

async function getNetworkInterfaces(ec2: Ec2, args: Args): Promise<Properties> {
  const list = args.filters ?? [];
  const Filters = filters(
    list.filter(({ name }) => !(name in ours)),
    args.tags,
  );
  const found = await ec2.networkInterfaces({ Filters });
  const left = list.filter(({ name }) => name in ours);
  const checked = left.some(({ name }) => name === sourceDestCheck)
    ? await sourceDestChecks(ec2, found)
    : undefined;
  const matching = found.filter((one) =>
    left.every(({ name, values }) =>
      ours[name]?.(one, checked).some((value) => values.includes(value)),
    ),
  );
  return {
    id: ec2.region,
    ids: matching.map((one) => one.NetworkInterfaceId),
    tags: args.tags ?? {},
  };
}

const sourceDestCheck = "source-dest-check";

/** The filters of interfaces that moto does not know, or not as EC2 does: the values that they look at. */
const ours: Record<
  string,
  (
    one: NetworkInterface,
    checked: ReadonlySet<NetworkInterface> | undefined,
  ) => string[]
> = {
  // moto looks at the first address alone
  "addresses.private-ip-address": privateIpsOf,
  "ipv6-addresses.ipv6-address": ipv6AddressesOf,
  [sourceDestCheck]: (one, checked) => [String(checked?.has(one))],
};

/** Those of these interfaces that check addresses; see checksAddresses. */
async function sourceDestChecks(
  ec2: Ec2,
  interfaces: readonly NetworkInterface[],
): Promise<Set<NetworkInterface>> {
  const firsts = interfaces.filter((one) => one.Attachment?.DeviceIndex === 0);
  const instances = await ec2.instancesOf(
    given(firsts, (one) => one.Attachment?.InstanceId),
  );
  return new Set(
    interfaces.filter((one) => {
      const instance = firsts.includes(one)
        ? instances.get(one.Attachment?.InstanceId ?? "")
        : undefined;
      return instance === undefined
        ? one.SourceDestCheck !== false
        : checksAddresses(instance);
    }),
  );
}

async function getNetworkInterface(ec2: Ec2, args: Args): Promise<Properties> {
  const Filters = filters(args.filters, args.tags);
  const found = await single(
    "EC2 Network Interface",
    "InvalidNetworkInterfaceID.NotFound",
    ec2.networkInterfaces({
      Filters,
      ...(args.id && { NetworkInterfaceIds: [args.id] }),
    }),
  );
  const id = found.NetworkInterfaceId ?? "";
  const { Association: association, Attachment: attachment } = found;
  return {
    arn: arn(ec2, found.OwnerId, `network-interface/${id}`),
    associations: association?.PublicIp
      ? [
          {
            allocationId: association.AllocationId ?? "",
            associationId: association.AssociationId ?? "",
            carrierIp: association.CarrierIp ?? "",
            customerOwnedIp: association.CustomerOwnedIp ?? "",
            ipOwnerId: association.IpOwnerId ?? "",
            publicDnsName: association.PublicDnsName ?? "",
            publicIp: association.PublicIp ?? "",
          },
        ]
      : [],
    attachments: attachment
      ? [
          {
            attachmentId: attachment.AttachmentId ?? "",
            deviceIndex: attachment.DeviceIndex ?? 0,
            instanceId: attachment.InstanceId ?? "",
            instanceOwnerId: attachment.InstanceOwnerId ?? "",
            networkCardIndex: attachment.NetworkCardIndex ?? 0,
          },
        ]
      : [],
    availabilityZone: found.AvailabilityZone ?? "",
    description: found.Description ?? "",
    enaSrdSpecifications: [],
    id,
    interfaceType: found.InterfaceType ?? "",
    ipv6Addresses: ipv6AddressesOf(found),
    macAddress: found.MacAddress ?? "",
    outpostArn: found.OutpostArn ?? "",
    ownerId: found.OwnerId ?? "",
    privateDnsName: found.PrivateDnsName ?? "",
    privateIp: found.PrivateIpAddress ?? "",
    privateIps: privateIpsOf(found),
    requesterId: found.RequesterId ?? "",
    securityGroups: given(found.Groups, (group) => group.GroupId),
    subnetId: found.SubnetId ?? "",
    tags: tagsOf(found.TagSet),
    vpcId: found.VpcId ?? "",
  };
}

function privateIpsOf(one: NetworkInterface): string[] {
  return given(one.PrivateIpAddresses, (each) => each.PrivateIpAddress);
}

/** The one that is found; none and several are errors, and so is an id that does not exist. */
async function single<T>(
  what: string,
  notFound: string,
  looked: Promise<T[]>,
): Promise<T> {
  const [one, another] = await prefixed(`reading ${what}`, looked).catch(
    (error: Refusal): T[] => {
      if (error.code !== notFound) {
        throw error;
      }
      return [];
    },
  );
  if (one === undefined) {
    throw new Refusal(`no matching ${what} found`);
  }
  if (another !== undefined) {
    throw new Refusal(
      `multiple ${what}s matched; use additional constraints to reduce matches to a single ${what}`,
    );
  }
  return one;
}

function arn(ec2: Ec2, owner: string | undefined, resource: string): string {
  return `arn:aws:ec2:${ec2.region}:${owner ?? ""}:${resource}`;
}
