import ipaddr from "ipaddr.js";

export type Family = 4 | 6;

/** An IP address; `text` is canonical (RFC 5952 for IPv6), `value` its bits as a number. */
export interface Address {
  readonly family: Family;
  readonly value: bigint;
  readonly text: string;
}

/** A block of addresses; `first` and `last` are the bits of its lowest and highest address. */
export interface Cidr {
  readonly family: Family;
  readonly prefix: number;
  readonly first: bigint;
  readonly last: bigint;
  readonly text: string;
}

const width = { 4: 32, 6: 128 } as const;

/** Reads one address. Returns what is wrong, as text, if it is none: `10.1`, octal, zones and mapped addresses are refused. */
export function parseAddress(text: string): Address | string {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) {
    return toAddress(ipaddr.IPv4.parse(text));
  }
  if (text.includes(":") && !text.includes("%") && ipaddr.IPv6.isValid(text)) {
    const address = ipaddr.IPv6.parse(text);
    if (address.isIPv4MappedAddress()) {
      return `is an IPv4-mapped IPv6 address, write ${address.toIPv4Address()}`;
    }
    return toAddress(address);
  }
  return "is not an IP address, expected for example 10.240.0.20 or fd00::20";
}

/** Reads one CIDR in canonical form. Returns what is wrong, as text, if it is none; a set host bit is answered with the canonical form. */
export function parseCidr(text: string): Cidr | string {
  const [, base = "", digits = ""] =
    /^([^/]+)\/(0|[1-9][0-9]{0,2})$/.exec(text) ?? [];
  const address = parseAddress(base);
  if (typeof address === "string") {
    return "is not a CIDR, expected for example 10.200.0.0/24 or fd00:200::/64";
  }
  const prefix = Number(digits);
  const bits = width[address.family];
  if (prefix > bits) {
    return `has prefix length ${prefix}, IPv${address.family} allows 0 to ${bits}`;
  }
  const size = 1n << BigInt(bits - prefix);
  const first = (address.value / size) * size;
  const canonical = `${formatAddress(address.family, first)}/${prefix}`;
  if (first !== address.value) {
    return `has host bits set, the canonical form is ${canonical}`;
  }
  if (canonical !== text) {
    return `is not in canonical form, write ${canonical}`;
  }
  return {
    family: address.family,
    prefix,
    first,
    last: first + size - 1n,
    text,
  };
}

/** Those of these texts that are CIDRs in canonical form. */
export function parseCidrs(texts: readonly string[]): Cidr[] {
  return texts.map(parseCidr).filter((cidr) => typeof cidr !== "string");
}

/** An address or CIDR that a cloud gave, in canonical form (GCP writes `fd20:0:0:0:0:0:0:1`); what is neither, as it is. */
export function canonical(text: string): string {
  const [address = "", ...prefix] = text.split("/");
  const parsed = parseAddress(address);
  return typeof parsed === "string" ? text : [parsed.text, ...prefix].join("/");
}

export function formatAddress(family: Family, value: bigint): string {
  const bytes = Array.from({ length: width[family] / 8 }, (_, i) =>
    Number((value >> BigInt(width[family] - 8 * (i + 1))) & 255n),
  );
  return canonicalText(ipaddr.fromByteArray(bytes));
}

/** The lowest address of a block. */
export function firstAddress({ family, first }: Cidr): Address {
  return { family, value: first, text: formatAddress(family, first) };
}

/** Numeric order: IPv4 before IPv6, then by first address, then the larger block first. */
export function compareCidrs(a: Cidr, b: Cidr): number {
  return (
    a.family - b.family || compare(a.first, b.first) || a.prefix - b.prefix
  );
}

/** Whether a block holds all addresses of another one. */
export function covers(outer: Cidr, inner: Cidr): boolean {
  return (
    outer.family === inner.family &&
    outer.first <= inner.first &&
    inner.last <= outer.last
  );
}

/** Numeric order, IPv4 before IPv6. */
export function compareAddresses(a: Address, b: Address): number {
  return a.family - b.family || compare(a.value, b.value);
}

export function contains(cidr: Cidr, address: Address): boolean {
  return (
    cidr.family === address.family &&
    cidr.first <= address.value &&
    address.value <= cidr.last
  );
}

export function overlaps(a: Cidr, b: Cidr): boolean {
  return a.family === b.family && a.first <= b.last && b.first <= a.last;
}

/**
 * The range that this address is in, when no node or pod can have it: `loopback`, `multicast` ... The script on
 * the hosts refuses the same ones, see `usable` in hostPodRoutes.sh.
 */
export function unusableAs(address: Address): string | undefined {
  const range = ipaddr.parse(address.text).range();
  // RFC 4291 reserves ::/8, of which 64:ff9b::/96 is in use (RFC 6052): so ::/16 is refused
  const reserved = address.family === 6 && address.value >> 112n === 0n;
  return unusable.get(range) ?? (reserved ? "reserved" : undefined);
}

const unusable = new Map([
  ["unspecified", "unspecified"],
  ["broadcast", "broadcast"],
  ["multicast", "multicast"],
  ["loopback", "loopback"],
  ["linkLocal", "link-local"],
]);

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function toAddress(parsed: ipaddr.IPv4 | ipaddr.IPv6): Address {
  const value = parsed
    .toByteArray()
    .reduce((n, byte) => (n << 8n) | BigInt(byte), 0n);
  return {
    family: parsed.kind() === "ipv4" ? 4 : 6,
    value,
    text: canonicalText(parsed),
  };
}

function canonicalText(parsed: ipaddr.IPv4 | ipaddr.IPv6): string {
  return parsed instanceof ipaddr.IPv6
    ? parsed.toRFC5952String()
    : parsed.toString();
}
