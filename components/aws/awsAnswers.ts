import { z } from "zod";
import { address, block, maybe } from "../cloud/answers.ts";
import { shownName } from "../core/shownName.ts";

// What the functions of Pulumi's aws package answer, as far as it is read. Whatever is in another form is an error.

/** The exact form of AWS's ids, for example `eni-0a1b2c`. */
function id(kind: string) {
  return z
    .string()
    .regex(
      new RegExp(`^${kind}-[0-9a-f]{1,40}$`),
      `expected an id ${kind}-...`,
    );
}

const interfaceId = id("eni");
const instanceId = id("i");
const tableId = id("rtb");

/** What messages show, and nothing else is done with. */
const shown = z
  .string()
  .nullish()
  .transform((text) => (text ? shownName(text) : ""));

const ids = <S extends z.ZodType<string>>(one: S) =>
  z.object({ ids: z.array(one) });

export const tablesSchema = ids(tableId).extend({ region: shown });
export const instancesSchema = ids(instanceId);
export const interfacesSchema = ids(interfaceId);

export const tableSchema = z.object({
  vpcId: id("vpc"),
  routes: z.array(
    z.object({
      cidrBlock: maybe(block),
      ipv6CidrBlock: maybe(block),
      networkInterfaceId: maybe(interfaceId),
      instanceId: maybe(instanceId),
      gatewayId: shown,
      natGatewayId: shown,
      transitGatewayId: shown,
      vpcPeeringConnectionId: shown,
      egressOnlyGatewayId: shown,
      vpcEndpointId: shown,
      localGatewayId: shown,
      carrierGatewayId: shown,
      coreNetworkArn: shown,
    }),
  ),
});

export const vpcSchema = z.object({
  cidrBlock: maybe(block),
  cidrBlockAssociations: z.array(z.object({ cidrBlock: maybe(block) })),
  ipv6CidrBlock: maybe(block),
  ipv6CidrBlockAssociations: z.array(z.object({ ipv6CidrBlock: maybe(block) })),
});

export const instanceSchema = z.object({
  /** As they are: instances are looked for by one tag, and another holds the pod CIDRs. */
  tags: z.record(z.string(), z.string()),
  instanceState: shown,
  privateIp: maybe(address),
  ipv6Addresses: z.array(address),
  networkInterfaceId: maybe(interfaceId),
});

export const interfaceSchema = z.object({
  id: interfaceId,
  privateIps: z.array(address),
  ipv6Addresses: z.array(address),
  attachments: z.array(z.object({ instanceId: maybe(instanceId) })),
});

/** What the state holds of a route of ours. */
export const routeOutputsSchema = z.looseObject({
  networkInterfaceId: maybe(interfaceId),
  routeTableId: maybe(tableId),
  destinationCidrBlock: maybe(block),
  destinationIpv6CidrBlock: maybe(block),
});
