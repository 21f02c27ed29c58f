import { z } from "zod";
import { type Cidr, parseAddress } from "../core/cidr.ts";
import { strict } from "../core/schema.ts";
import { cidrsSchema } from "../inventory/nodes.ts";

/** Which interface of a host leads to the other hosts. Names are tried first, then expressions, then CIDRs. */
export interface InterfacesArgs {
  /** Names of interfaces, of which the first that a host has is used (`--iface`). Default: none. */
  names?: string[];
  /** Regular expressions in Go's syntax, matched against the addresses of each interface, and then against its name (`--iface-regex`). Default: none. */
  regexes?: string[];
  /** CIDRs: the interface that has an address in one of them is used. On dual stack give one a family. Default: none. */
  cidrs?: string[];
}

/** The names that the kernel allows for an interface: `dev_valid_name` of net/core/dev.c. */
const interfaceName = /^(?!\.\.?$)[!-.0-9;-~]{1,15}$/;

/** Look-around and back references, which Go's regular expressions (RE2) do not have. */
const notGo = /\(\?<?[=!]|\\[1-9]/;

/** Length and characters of an expression. */
const short = /^[!-~]{1,256}$/;

/** A list of strings. Its limit keeps the manifest below the size that flannelOverlay.sh accepts. */
const atMost = "expected at most 100";
const list = <T extends z.ZodType>(item: T) =>
  z.array(item).max(100, atMost).prefault([]);

/** The keys of {@link InterfacesArgs}. */
export const interfacesSchema = strict({
  names: list(
    z.string().refine(
      // flanneld reads a name that looks like an address as one, and only one host has it
      (text) =>
        interfaceName.test(text) && typeof parseAddress(text) === "string",
      "expected the name of an interface, at most 15 characters; an address belongs into cidrs, as ADDRESS/32",
    ),
  ),
  regexes: list(
    z
      .string()
      .regex(short, "expected 1 to 256 characters without spaces")
      .refine(
        (text) => !short.test(text) || (!notGo.test(text) && compiles(text)),
        "expected a regular expression of Go, which has no look-around and no back references",
      ),
  ),
  cidrs: cidrsSchema.max(100, atMost).default([]),
});

export type Interfaces = z.output<typeof interfacesSchema>;

/** Whether JavaScript can compile it once the two forms that only Go has, flags `(?i)` and group names `(?P<name>`, are rewritten. */
function compiles(text: string): boolean {
  try {
    new RegExp(
      text
        .replace(/\(\?[imsU-]+\)/g, "")
        .replace(/\(\?([imsU-]+:|P(?=<))/g, (_, kind) =>
          kind === "P" ? "(?" : "(?:",
        ),
    );
    return true;
  } catch {
    return false;
  }
}

/**
 * The arguments of flanneld that choose the interface. All CIDRs become one expression: on dual stack
 * flanneld requires that an IPv4 and an IPv6 address of one interface match the same one (pkg/ipmatch/match.go).
 */
export function interfaceFlags({
  names,
  regexes,
  cidrs,
}: Interfaces): string[] {
  return [
    ...names.map((name) => `--iface=${name}`),
    ...regexes.map((regex) => `--iface-regex=${regex}`),
    ...(cidrs.length === 0 ? [] : [`--iface-regex=${addressRegex(cidrs)}`]),
  ];
}

/**
 * A regular expression that matches exactly the addresses in these blocks. It is right only for addresses in
 * canonical form (RFC 5952), as Go prints them.
 */
export function addressRegex(cidrs: readonly Cidr[]): string {
  const blocks = cidrs.flatMap((cidr) =>
    cidr.family === 4 ? ipv4Pattern(cidr) : ipv6Patterns(cidr),
  );
  return `^(${blocks.join("|")})$`;
}

function ipv4Pattern(cidr: Cidr): string {
  const octets = [24, 16, 8, 0].map((shift) => {
    const [from, to] = [cidr.first, cidr.last].map((value) =>
      Number((value >> BigInt(shift)) & 255n),
    ) as [number, number];
    return from === 0 && to === 255 ? "[0-9]+" : decimals(from, to);
  });
  return octets.join("\\.");
}

/** The decimal numbers of a range, in groups of ten: `1[6-9]|2[0-9]|3[0-1]`. */
function decimals(from: number, to: number): string {
  const parts: string[] = [];
  for (let ten = from - (from % 10); ten <= to; ten += 10) {
    const digits = [Math.max(from, ten) % 10, Math.min(to, ten + 9) % 10];
    const last = digits[0] === digits[1] ? digits[0] : `[${digits.join("-")}]`;
    parts.push(`${ten === 0 ? "" : ten / 10}${last}`);
  }
  return parts.length === 1 ? parts.join() : `(${parts.join("|")})`;
}

const hex = "[0-9a-f]";
const anyGroup = `${hex}{1,4}`;

/** One pattern for addresses without `::` or with one behind the prefix, and one for each run of zeros in the prefix that `::` may replace. */
function ipv6Patterns({ first, prefix }: Cidr): string[] {
  const bound = Math.ceil(prefix / 16);
  const value = (i: number) =>
    Number((first >> BigInt(112 - 16 * i)) & 0xffffn);
  const groups = Array.from({ length: 8 }, (_, i) =>
    hexadecimals(value(i), Math.min(16, Math.max(0, 16 * (i + 1) - prefix))),
  );
  // for ::/0 no group is fixed; the first colon is, so that an interface named `fed` does not match
  const front = bound === 0 ? [`${hex}*`] : groups.slice(0, bound);
  const behind = bound < 8 ? ["[0-9a-f:]+"] : [];
  const patterns = [[...front, ...behind].join(":")];
  // `::` replaces a whole run of zeros, of at least two groups
  for (let start = 0; start < Math.min(bound, 7); start++) {
    const head = `${groups.slice(0, start).join(":")}::`;
    const open = groups[start - 1] !== "0";
    for (let end = start + 1; open && value(end - 1) === 0; end++) {
      if (end === bound) {
        patterns.push(head + upTo(8 - Math.max(bound, start + 2)));
        break;
      }
      if (end > start + 1 && groups[end] !== "0") {
        patterns.push(head + groups.slice(end).join(":"));
      }
    }
  }
  return patterns;
}

/** A pattern of zero to `count` groups. */
function upTo(count: number): string {
  return count === 0 ? "" : `(${anyGroup}(:${anyGroup}){0,${count - 1}})?`;
}

/** The hexadecimal numbers with the upper bits of `value` and any lower `free` bits. */
function hexadecimals(value: number, free: number): string {
  if (free === 16) {
    return anyGroup;
  }
  const digits = Math.floor(free / 4);
  const span = 2 ** (free % 4);
  const low = digits === 0 ? "" : `${hex}{${digits}}`;
  if (value > 0) {
    const text = (value / 16 ** digits).toString(16);
    const pivot = Number.parseInt(text.slice(-1), 16);
    return `${text.slice(0, -1)}${oneOf(pivot, span)}${low}`;
  }
  if (digits === 0) {
    return oneOf(0, span);
  }
  const short = `${hex}{1,${digits}}`;
  return span === 1 ? short : `(${short}|${oneOf(1, span - 1)}${low})`;
}

/** One of the `count` hexadecimal digits that begin at `from`. */
function oneOf(from: number, count: number): string {
  const digits = Array.from({ length: count }, (_, i) =>
    (from + i).toString(16),
  );
  return count === 1 ? digits.join("") : `[${digits.join("")}]`;
}
