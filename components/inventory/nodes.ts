import { z } from "zod";
import {
  type Address,
  type Cidr,
  compareCidrs,
  type Family,
  firstAddress,
  parseAddress,
  parseCidr,
  unusableAs,
} from "../core/cidr.ts";
import { type Faults, show } from "../core/faults.ts";
import { parse, strict, textRead } from "../core/schema.ts";

/** One node as the user writes it. */
export interface NodeArgs {
  /** Host name, a lower-case RFC 1123 subdomain, as Kubernetes requires of a node. Unique. */
  name: string;
  /** The address in the node network that other nodes route to: one, or one IPv4 and one IPv6. */
  internalIp: string | string[];
  /** The pod CIDRs of the node, at most one an address family, in canonical form (no host bits set). Default: none. */
  podCidrs?: string[];
  /** Whether it is a worker, which has to have a pod CIDR, or a controller, which may have one too. Default: `worker` where there is a pod CIDR, else `controller`. */
  role?: "worker" | "controller";
  /** Where SSH reaches the node: an address or a host name. Default: the first internal IP. */
  address?: string;
  /** Other names under which a known_hosts file may list the node, for example its FQDN. Default: none. */
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

/** Every pod CIDR with the node that has it, in numeric order. */
export function podBlocks(
  nodes: readonly Node[],
): { cidr: Cidr; node: Node }[] {
  return nodes
    .flatMap((node) => node.podCidrs.map((cidr) => ({ cidr, node })))
    .sort((a, b) => compareCidrs(a.cidr, b.cidr));
}

/** The path of a part of a node in messages; `index` if it is an item of a list. */
type Places = (key: string, index?: number) => string;

/** Reads one node; `places` gives the paths of its parts where they are not keys of an object. */
export function readNode(
  value: unknown,
  path: string,
  faults: Faults,
  places: Places = (key, index) =>
    `${path}.${key}${index === undefined ? "" : `[${index}]`}`,
): Node | undefined {
  const before = faults.all.length;
  const args = parse(nodeSchema, value, path, faults);
  if (args === undefined) {
    return undefined;
  }
  checkHostName(args.name, places("name"), faults);
  const internalIps =
    typeof args.internalIp === "string"
      ? withoutUndefined([
          readInternalIp(args.internalIp, places("internalIp"), faults),
        ])
      : withoutUndefined(
          args.internalIp.map((text, i) =>
            readInternalIp(text, places("internalIp", i), faults),
          ),
        );
  checkOnePerFamily(internalIps, places("internalIp"), "internal IP", faults);
  const podCidrs = withoutUndefined(
    (args.podCidrs ?? []).map((text, i) =>
      readPodCidr(text, places("podCidrs", i), faults),
    ),
  );
  checkOnePerFamily(podCidrs, places("podCidrs"), "pod CIDR", faults);
  const role = args.role ?? (args.podCidrs?.length ? "worker" : "controller");
  if (role === "worker" && !args.podCidrs?.length) {
    faults.add(
      places("podCidrs"),
      `${args.name} is a worker and has no pod CIDR, give it one, for example [10.200.0.0/24]`,
    );
  }
  for (const { family, text } of podCidrs) {
    if (
      !internalIps.some((ip) => ip.family === family) &&
      faults.all.length === before
    ) {
      faults.add(
        places("internalIp"),
        `pod CIDR ${show(text)} is IPv${family} and ${show(args.internalIp)} is not: a route needs a next hop of its own family, add an IPv${family} internal IP`,
      );
    }
  }
  const address =
    args.address === undefined
      ? (internalIps[0]?.text ?? "")
      : readSshAddress(args.address, places("address"), faults);
  for (const [i, alias] of (args.aliases ?? []).entries()) {
    checkHostName(alias, places("aliases", i), faults);
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

/** A list of CIDRs in canonical form. */
export const cidrsSchema = z.array(textRead(parseCidr));

/** The largest pod CIDRs that are allowed. A larger one is probably a typing error, and its route could cut the host off. */
const shortestPodPrefix = { 4: 8, 6: 16 } as const;

function readPodCidr(
  text: string,
  path: string,
  faults: Faults,
): Cidr | undefined {
  const cidr = parseCidr(text);
  if (typeof cidr === "string") {
    faults.add(path, `${show(text)} ${cidr}`);
    return undefined;
  }
  const shortest = shortestPodPrefix[cidr.family];
  if (cidr.prefix < shortest) {
    faults.add(
      path,
      `${show(text)} is too large, the shortest prefix allowed is /${shortest}`,
    );
    return undefined;
  }
  const range = unusableAs(firstAddress(cidr));
  if (range !== undefined) {
    faults.add(
      path,
      `${show(text)} is in the ${range} range, where no pod can have an address`,
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
      `${show(text)} is in the ${range} range, a next hop needs an address of the node network`,
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

function checkOnePerFamily(
  items: readonly { family: Family; text: string }[],
  path: string,
  what: string,
  faults: Faults,
): void {
  for (const family of [4, 6]) {
    const same = items.filter((item) => item.family === family);
    if (same.length > 1) {
      faults.add(
        path,
        `${same.map(({ text }) => text).join(" and ")} are both IPv${family}, a node has one ${what} an address family`,
      );
    }
  }
}

function withoutUndefined<T>(items: readonly (T | undefined)[]): T[] {
  return items.filter((item) => item !== undefined);
}
