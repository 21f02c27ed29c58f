// `aws:ec2/route:Route`. See aws.ts for where the rules come from.
import { crc32 } from "node:zlib";
import {
  CreateRouteCommand,
  DeleteRouteCommand,
  ReplaceRouteCommand,
  type Route,
} from "@aws-sdk/client-ec2";
import type {
  CheckFailure,
  DiffResult,
} from "@pulumi/pulumi/provider/index.js";
import { unknownValue } from "@pulumi/pulumi/runtime/rpc.js";
import ipaddr from "ipaddr.js";
import { call, type Ec2 } from "./awsEc2.ts";
import { type Properties, prefixed, Refusal } from "./wire.ts";

/** Destinations: what EC2 calls them. Changing one makes another route. */
const destinations = {
  destinationCidrBlock: "DestinationCidrBlock",
  destinationIpv6CidrBlock: "DestinationIpv6CidrBlock",
  destinationPrefixListId: "DestinationPrefixListId",
} as const;

/** Targets: what EC2 calls them. Changing one changes the route in place. */
const targets = {
  carrierGatewayId: "CarrierGatewayId",
  coreNetworkArn: "CoreNetworkArn",
  egressOnlyGatewayId: "EgressOnlyInternetGatewayId",
  gatewayId: "GatewayId",
  localGatewayId: "LocalGatewayId",
  natGatewayId: "NatGatewayId",
  networkInterfaceId: "NetworkInterfaceId",
  odbNetworkArn: "OdbNetworkArn",
  transitGatewayId: "TransitGatewayId",
  vpcEndpointId: "VpcEndpointId",
  vpcPeeringConnectionId: "VpcPeeringConnectionId",
} as const;

/** Where the provider fills in what the program leaves out. */
const computed = ["networkInterfaceId", "region"];

export function check(news: Properties): CheckFailure[] {
  const failures = [
    exactlyOne(Object.keys(destinations), news),
    exactlyOne(Object.keys(targets), news),
    block("destinationCidrBlock", 4, news),
    block("destinationIpv6CidrBlock", 6, news),
  ].filter((failure) => failure !== undefined);
  return text(news, "routeTableId") === ""
    ? [{ property: "routeTableId", reason: "Missing required argument" }]
    : failures;
}

/** `olds` are the outputs, as the last read found them. */
export function diff(olds: Properties, news: Properties): DiffResult {
  const changed = (key: string) =>
    !same(text(olds, key), text(news, key)) &&
    !(computed.includes(key) && text(news, key) === "");
  const replaces = ["routeTableId", ...Object.keys(destinations), "region"];
  const replaced = replaces.filter(changed);
  return {
    changes: replaced.length > 0 || Object.keys(targets).some(changed),
    replaces: replaced,
  };
}

export async function create(ec2: Ec2, news: Properties): Promise<Properties> {
  const [destinationKey, destination] = destinationOf(news);
  const table = text(news, "routeTableId");
  const there = await find(ec2, news);
  if (there?.Origin === "CreateRoute") {
    // moto itself overlooks this where the route leads to an interface, and overwrites
    throw new Refusal(
      `api error RouteAlreadyExists: Route in Route Table (${table}) with destination (${destination}) already exists`,
    );
  }
  const [targetKey, target] = targetOf(news);
  await work(
    "creating",
    news,
    "CreateRoute",
    ec2.client.send(
      new CreateRouteCommand({
        RouteTableId: table,
        [destinationKey]: destination,
        [targetKey]: target,
      }),
    ),
  );
  return mustRead(ec2, news);
}

export async function update(ec2: Ec2, news: Properties): Promise<Properties> {
  const [destinationKey, destination] = destinationOf(news);
  const [targetKey, target] = targetOf(news);
  await work(
    "updating",
    news,
    "ReplaceRoute",
    ec2.client.send(
      new ReplaceRouteCommand({
        RouteTableId: text(news, "routeTableId"),
        [destinationKey]: destination,
        ...(target === "local"
          ? { LocalTarget: true }
          : { [targetKey]: target }),
      }),
    ),
  );
  return mustRead(ec2, news);
}

/** Reads by id for an import, else by what the state knows. */
export async function read(
  ec2: Ec2,
  id: string,
  state: Properties,
): Promise<{ id: string; props: Properties; inputs: Properties }> {
  const isImport = Object.keys(state).length === 0;
  const wanted = isImport ? imported(id) : state;
  const route = await find(ec2, wanted);
  if (route === undefined && isImport) {
    // the engine's own words, for a provider that can tell it that there is nothing; ours cannot
    throw new Refusal(`resource '${id}' does not exist`);
  }
  if (route === undefined) {
    return { id: "", props: {}, inputs: {} };
  }
  const props = await outputs(ec2, text(wanted, "routeTableId"), route);
  return { id: idOf(wanted), props, inputs: inputsOf(props) };
}

export async function remove(ec2: Ec2, state: Properties): Promise<void> {
  const [key, destination] = destinationOf(state);
  const RouteTableId = text(state, "routeTableId");
  try {
    const command = new DeleteRouteCommand({
      RouteTableId,
      [key]: destination,
    });
    await work("deleting", state, "DeleteRoute", ec2.client.send(command));
  } catch (error) {
    const { code, message } = error as Refusal;
    const gone = code === "InvalidRoute.NotFound";
    if (!gone && !message.includes("cannot remove local route")) {
      throw error;
    }
  }
}

/** The id that Terraform gives: the table, and the CRC-32 of the destination. */
export function idOf(properties: Properties): string {
  const [, destination] = destinationOf(properties);
  return `r-${text(properties, "routeTableId")}${crc32(destination)}`;
}

/** What EC2 says a route leads to, as resource and functions show it. */
export function targetsOf(route: Route): Record<string, string> {
  const { GatewayId = "" } = route;
  const isEndpoint = GatewayId.startsWith("vpce-");
  const values = route as Readonly<Record<string, unknown>>;
  return {
    ...Object.fromEntries(
      Object.entries(targets).map(([key, name]) => [key, text(values, name)]),
    ),
    gatewayId: isEndpoint ? "" : GatewayId,
    vpcEndpointId: isEndpoint ? GatewayId : "",
    instanceId: route.InstanceId ?? "",
  };
}

async function outputs(
  ec2: Ec2,
  routeTableId: string,
  route: Route,
): Promise<Properties> {
  const [complete = route] = await ec2.complete([route]);
  return {
    routeTableId,
    region: ec2.region,
    destinationCidrBlock: complete.DestinationCidrBlock ?? "",
    destinationIpv6CidrBlock: complete.DestinationIpv6CidrBlock ?? "",
    destinationPrefixListId: complete.DestinationPrefixListId ?? "",
    ...targetsOf(complete),
    instanceOwnerId: complete.InstanceOwnerId ?? "",
    origin: complete.Origin ?? "",
    state: complete.State ?? "",
  };
}

/** What a program would have to say for a route to be like this. */
function inputsOf(props: Properties): Properties {
  const keys = ["routeTableId", ...Object.keys(destinations)];
  const target = text(props, "networkInterfaceId")
    ? "networkInterfaceId"
    : Object.keys(targets).find((key) => text(props, key) !== "");
  return Object.fromEntries(
    [...keys, target ?? ""]
      .filter((key) => text(props, key) !== "")
      .map((key) => [key, props[key]]),
  );
}

async function mustRead(ec2: Ec2, news: Properties): Promise<Properties> {
  const route = await find(ec2, news);
  if (route === undefined) {
    throw new Refusal(`${place("reading", news)}: couldn't find resource`);
  }
  return outputs(ec2, text(news, "routeTableId"), route);
}

/** The route to the destination of these properties, in their table; undefined if one of the two is gone. */
async function find(
  ec2: Ec2,
  properties: Properties,
): Promise<Route | undefined> {
  const [key, destination] = destinationOf(properties);
  const tables = ec2.routeTables({
    RouteTableIds: [text(properties, "routeTableId")],
  });
  try {
    const [table] = await prefixed(place("reading", properties), tables);
    return table?.Routes?.find((route) => same(route[key] ?? "", destination));
  } catch (error) {
    if ((error as Refusal).code === "InvalidRouteTableID.NotFound") {
      return undefined;
    }
    throw error;
  }
}

function work<T>(
  verb: string,
  properties: Properties,
  operation: string,
  sent: Promise<T>,
): Promise<T> {
  return prefixed(place(verb, properties), call(operation, sent));
}

function place(verb: string, properties: Properties): string {
  const [, destination] = destinationOf(properties);
  return `${verb} Route in Route Table (${text(properties, "routeTableId")}) with destination (${destination})`;
}

function imported(id: string): Properties {
  const [routeTableId, destination, more] = id.split("_");
  if (!routeTableId || !destination || more !== undefined) {
    throw new Refusal(
      `unexpected format of ID ("${id}"), expected ROUTETABLEID_DESTINATION`,
    );
  }
  if (destination.includes(":")) {
    return { routeTableId, destinationIpv6CidrBlock: destination };
  }
  return destination.includes(".")
    ? { routeTableId, destinationCidrBlock: destination }
    : { routeTableId, destinationPrefixListId: destination };
}

type Keys<T> = T[keyof T];

function destinationOf(
  properties: Properties,
): [Keys<typeof destinations>, string] {
  return setOf(destinations, properties, "destination");
}

function targetOf(properties: Properties): [Keys<typeof targets>, string] {
  return setOf(targets, properties, "target");
}

function setOf<T extends Readonly<Record<string, string>>>(
  names: T,
  properties: Properties,
  what: string,
): [Keys<T>, string] {
  for (const key in names) {
    const value = text(properties, key);
    if (value !== "") {
      return [names[key], value];
    }
  }
  throw new Refusal(`route ${what} attribute not specified`);
}

function exactlyOne(
  keys: readonly string[],
  news: Properties,
): CheckFailure | undefined {
  const given = keys.filter((key) => text(news, key) !== "");
  const says =
    given.length === 0
      ? `one of \`${keys.join(",")}\` must be specified`
      : `only one of \`${keys.join(",")}\` can be specified, but \`${given.join(",")}\` were specified.`;
  const property = given[0] ?? keys[0] ?? "";
  return given.length === 1
    ? undefined
    : {
        property,
        reason: `Invalid combination of arguments. "${property}": ${says}`,
      };
}

function block(
  property: string,
  family: 4 | 6,
  news: Properties,
): CheckFailure | undefined {
  const value = text(news, property);
  if (value === "" || value === unknownValue) {
    return undefined;
  }
  const canonical = network(value);
  const kind = `is not a valid IPv${family} CIDR block`;
  if (canonical === undefined) {
    const reason = `"${value}" is not a valid CIDR block: invalid CIDR address: ${value}`;
    return { property, reason };
  }
  if (canonical.includes(":") !== (family === 6)) {
    return { property, reason: `"${value}" ${kind}` };
  }
  return same(value, canonical)
    ? undefined
    : { property, reason: `"${value}" ${kind}; did you mean "${canonical}"?` };
}

/** The network that an address block is in, with its length; undefined if it is no address block. */
function network(block: string): string | undefined {
  const [address = "", length = "", ...more] = block.split("/");
  const { IPv4, IPv6 } = ipaddr;
  if (more.length > 0 || !/^\d+$/.test(length)) {
    return undefined;
  }
  if (IPv4.isValidFourPartDecimal(address) && Number(length) <= 32) {
    return `${IPv4.networkAddressFromCIDR(block)}/${Number(length)}`;
  }
  if (IPv6.isValid(address) && Number(length) <= 128) {
    return `${IPv6.networkAddressFromCIDR(block)}/${Number(length)}`;
  }
  return undefined;
}

/** Whether two texts are equal, or two spellings of one IPv6 block. */
function same(one: string, other: string): boolean {
  const spelled = (text: string) => {
    const [address = "", length] = text.split("/");
    return length !== undefined && ipaddr.IPv6.isValid(address)
      ? `${ipaddr.IPv6.parse(address)}/${Number(length)}`
      : text;
  };
  return one === other || spelled(one) === spelled(other);
}

function text(properties: Readonly<Properties>, key: string): string {
  return String(properties[key] ?? "");
}
