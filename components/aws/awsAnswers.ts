import { z } from "zod";
import { address, block, optional, shown } from "../cloud/answers.ts";

// What is read of the answers of Pulumi's aws package. An answer in another form is an error.

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

/** A text that is only shown in messages, or empty. */
const shownOrEmpty = optional(shown);

const ids = <S extends z.ZodType<string>>(one: S) =>
  z.object({ ids: z.array(one) });

export const tablesSchema = ids(tableId).extend({ region: shownOrEmpty });
export const instancesSchema = ids(instanceId);
export const interfacesSchema = ids(interfaceId);

export const tableSchema = z.object({
  vpcId: id("vpc"),
  routes: z.array(
    z.object({
      cidrBlock: optional(block),
      ipv6CidrBlock: optional(block),
      networkInterfaceId: optional(interfaceId),
      instanceId: optional(instanceId),
      gatewayId: shownOrEmpty,
      natGatewayId: shownOrEmpty,
      transitGatewayId: shownOrEmpty,
      vpcPeeringConnectionId: shownOrEmpty,
      egressOnlyGatewayId: shownOrEmpty,
      vpcEndpointId: shownOrEmpty,
      localGatewayId: shownOrEmpty,
      carrierGatewayId: shownOrEmpty,
      coreNetworkArn: shownOrEmpty,
    }),
  ),
});

export const vpcSchema = z.object({
  cidrBlock: optional(block),
  cidrBlockAssociations: z.array(z.object({ cidrBlock: optional(block) })),
  ipv6CidrBlock: optional(block),
  ipv6CidrBlockAssociations: z.array(
    z.object({ ipv6CidrBlock: optional(block) }),
  ),
});

export const instanceSchema = z.object({
  /** Unchanged: one tag holds the name, another one the pod CIDRs. */
  tags: z.record(z.string(), z.string()),
  instanceState: shownOrEmpty,
  privateIp: optional(address),
  ipv6Addresses: z.array(address),
  networkInterfaceId: optional(interfaceId),
});

export const interfaceSchema = z.object({
  id: interfaceId,
  privateIps: z.array(address),
  ipv6Addresses: z.array(address),
  attachments: z.array(z.object({ instanceId: optional(instanceId) })),
});

/** What is read of a route of ours in the state. */
export const routeOutputsSchema = z.looseObject({
  networkInterfaceId: optional(interfaceId),
  routeTableId: optional(tableId),
  destinationCidrBlock: optional(block),
  destinationIpv6CidrBlock: optional(block),
});
