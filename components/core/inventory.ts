import { z } from "zod";
import {
  type Address,
  type Cidr,
  type Family,
  parseAddress,
  parseCidr,
  unusableAs,
} from "./cidr";
import { type Faults, show } from "./faults";
import { parse, strict } from "./schema";

/** One node as the user writes it. */
export interface NodeArgs {
  /** Host name, a lower-case RFC 1123 subdomain, as Kubernetes requires of a node. Unique. */
  name: string;
  /** The address in the node network that other nodes route to: one, or one IPv4 and one IPv6. */
  internalIp: string | string[];
  /** The pod CIDRs of the node, at most one an address family, in canonical form. Default: none, not a worker. */
  podCidrs?: string[];
  /** Default: `worker` where there is a pod CIDR, else `controller`. A controller may have a pod CIDR too. */
  role?: "worker" | "controller";
  /** Where SSH reaches the node: an address or a host name. Default: the first internal IP. */
  address?: string;
  /** Other names under which a known_hosts file may list the node, for example its FQDN. */
  aliases?: string[];
}

/** One node, checked and in canonical form. */
export interface Node {
  readonly name: string;
  readonly role: "worker" | "controller";
  readonly internalIps: readonly Address[];
  readonly podCidrs: readonly Cidr[];
  readonly address: string;
  readonly aliases: readonly string[];
  /** Where the user wrote this node, for messages. */
  readonly path: string;
}

const addresses =
  "expected an address, or a list of one IPv4 and one IPv6 address";

export const nodeSchema = strict({
  name: z.string(),
  internalIp: z.union(
    [
      z.string(),
      z
        .array(z.string())
        .refine((list) => list.length === 1 || list.length === 2, addresses),
    ],
    { error: addresses },
  ),
  podCidrs: z
    .array(z.string())
    .refine(
      (list) => list.length <= 2,
      "a node has at most one pod CIDR an address family",
    )
    .optional(),
  role: z.enum(["worker", "controller"]).optional(),
  address: z.string().optional(),
  aliases: z.array(z.string()).optional(),
});

/** Reads the `nodes` list; what is wrong goes to `faults`, and a node with faults is left out. */
export function readNodes(
  value: unknown,
  path: string,
  faults: Faults,
): Node[] {
  const list = parse(z.array(z.unknown()), value, path, faults) ?? [];
  return list.flatMap(
    (item, i) => readNode(item, `${path}[${i}]`, faults) ?? [],
  );
}

/** Reads one node; `fields` names the places of its parts where they are not keys of an object. */
export function readNode(
  value: unknown,
  path: string,
  faults: Faults,
  fields: (key: string) => string = (key) => `${path}.${key}`,
): Node | undefined {
  const before = faults.all.length;
  const args = parse(nodeSchema, value, path, faults);
  if (args === undefined) {
    return undefined;
  }
  checkHostName(args.name, fields("name"), faults);
  const internalIps = each(args.internalIp, fields("internalIp"), (text, at) =>
    readInternalIp(text, at, faults),
  );
  oneAFamily(internalIps, fields("internalIp"), "internal IP", faults);
  const podCidrs = each(args.podCidrs ?? [], fields("podCidrs"), (text, at) =>
    readCidr(text, at, faults, smallestPodPrefix),
  );
  oneAFamily(podCidrs, fields("podCidrs"), "pod CIDR", faults);
  const role = args.role ?? (args.podCidrs?.length ? "worker" : "controller");
  if (role === "worker" && !args.podCidrs?.length) {
    faults.add(
      fields("podCidrs"),
      "a worker needs a pod CIDR, for example [10.200.0.0/24]",
    );
  }
  for (const { family, text } of podCidrs) {
    if (
      !internalIps.some((ip) => ip.family === family) &&
      faults.all.length === before
    ) {
      faults.add(
        fields("internalIp"),
        `pod CIDR ${show(text)} is IPv${family} and ${show(args.internalIp)} is not: a route needs a next hop of its own family, add an IPv${family} internal IP`,
      );
    }
  }
  const address =
    args.address === undefined
      ? (internalIps[0]?.text ?? "")
      : readSshAddress(args.address, fields("address"), faults);
  for (const [i, alias] of (args.aliases ?? []).entries()) {
    checkHostName(alias, `${fields("aliases")}[${i}]`, faults);
  }
  if (faults.all.length > before) {
    return undefined;
  }
  return {
    name: args.name,
    role,
    internalIps,
    podCidrs,
    address,
    aliases: args.aliases ?? [],
    path,
  };
}

/** Below these a "pod CIDR" would be most of the address space: a typing error that takes the host's network away. */
const smallestPodPrefix = { 4: 8, 6: 16 } as const;

/** Reads one CIDR, or says what is wrong with it. */
export function readCidr(
  text: string,
  path: string,
  faults: Faults,
  smallestPrefix: Record<Family, number> = { 4: 0, 6: 0 },
): Cidr | undefined {
  const cidr = parseCidr(text);
  if (typeof cidr === "string") {
    faults.add(path, `${show(text)} ${cidr}`);
    return undefined;
  }
  if (cidr.prefix < smallestPrefix[cidr.family]) {
    faults.add(
      path,
      `${show(text)} is too large, the shortest prefix allowed is /${smallestPrefix[cidr.family]}`,
    );
    return undefined;
  }
  return cidr;
}

function readInternalIp(
  text: string,
  path: string,
  faults: Faults,
): Address | undefined {
  const address = parseAddress(text);
  if (typeof address === "string") {
    faults.add(path, `${show(text)} ${address}`);
    return undefined;
  }
  const range = unusableAs(address);
  if (range !== undefined) {
    faults.add(
      path,
      `${show(text)} is a ${range} address, a next hop needs an address of the node network`,
    );
    return undefined;
  }
  return address;
}

/** An address in canonical form, or a host name. `10.1` could be a name, but resolvers take it for 10.0.0.1. */
function readSshAddress(text: string, path: string, faults: Faults): string {
  const address = parseAddress(text);
  if (typeof address !== "string") {
    return address.text;
  }
  if (/^[\d.]+$/.test(text)) {
    faults.add(path, `${show(text)} ${address}`);
  } else {
    checkHostName(text, path, faults);
  }
  return text;
}

const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** RFC 1123 subdomain, lower case: what Kubernetes allows as a node name. */
function checkHostName(name: string, path: string, faults: Faults): void {
  const valid =
    name.length <= 253 && name.split(".").every((part) => label.test(part));
  if (!valid) {
    faults.add(
      path,
      `${show(name)} is not a host name, allowed are lower-case letters, digits, "-" and "." (RFC 1123), at most 63 characters between dots`,
    );
  }
}

function oneAFamily(
  items: readonly { family: Family }[],
  path: string,
  what: string,
  faults: Faults,
): void {
  for (const family of [4, 6]) {
    if (items.filter((item) => item.family === family).length > 1) {
      faults.add(
        path,
        `has two IPv${family} entries, a node has one ${what} an address family`,
      );
    }
  }
}

function each<T>(
  value: string | readonly string[],
  path: string,
  read: (text: string, path: string) => T | undefined,
): T[] {
  const items =
    typeof value === "string"
      ? [read(value, path)]
      : value.map((v, i) => read(v, `${path}[${i}]`));
  return items.filter((item) => item !== undefined);
}
