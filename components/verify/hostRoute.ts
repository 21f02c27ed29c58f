import { canonical, parseAddress, parseCidr } from "../core/cidr.ts";
import type { Real } from "./compare.ts";

/** A route of a host's main table. */
export interface HostRoute extends Real {
  readonly protocol: string;
  /** Name of its interface, as the host says it; empty if it has none. */
  readonly interface: string;
  /** The command that deletes it, without `sudo`; undefined if the host says anything of it that a shell or `ip` could take for something else. */
  readonly deletion: string | undefined;
}

/** The kernel's types of routes but unicast, which `ip` does not print. */
const types = new Set([
  ...["local", "broadcast", "multicast", "throw", "unreachable"],
  ...["prohibit", "blackhole", "nat", "anycast"],
]);

/** Words behind which a value stands. */
const valued = new Set([
  ...["via", "dev", "proto", "metric", "table", "tos", "nhid"],
  ...["src", "scope", "pref", "error", "expires", "mtu", "weight"],
]);

/**
 * Reads `[TYPE] DESTINATION [via ADDRESS] [dev INTERFACE] [proto PROTOCOL] ...`, a line of `ip -o route`; an address
 * alone stands for itself. A default route is none that matters here, and what has no destination is none at all.
 *
 * @param text printable
 */
export function readRoute(text: string): HostRoute[] {
  const words = text.split(" ");
  const type = types.has(words[0] ?? "") ? words[0] : undefined;
  const [block = "", ...rest] = type === undefined ? words : words.slice(1);
  const length = block.includes(":") ? 128 : 32;
  const destination = canonical(
    block.includes("/") ? block : `${block}/${length}`,
  );
  if (typeof parseCidr(destination) === "string") {
    return [];
  }
  const values = valuesOf(rest);
  const via = values.get("via");
  const dev = values.get("dev") ?? "";
  return [
    {
      destination,
      nextHop: via === undefined ? (type ?? `dev ${dev}`) : canonical(via),
      protocol: values.get("proto") ?? "boot",
      interface: dev,
      text,
      deletion: deletion(type, block, values),
    },
  ];
}

/** The values of a route, the first of each kind; of `via inet6 ADDRESS` both words. Those of several next hops are left out. */
function valuesOf(words: readonly string[]): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (let i = 0; i < words.length && words[i] !== "nexthop"; i++) {
    const word = words[i] ?? "";
    if (!valued.has(word)) {
      continue;
    }
    let value = words[++i] ?? "";
    if (word === "via" && value === "inet6") {
      value += ` ${words[++i] ?? ""}`;
    }
    if (!values.has(word)) {
      // the name of a veth may be followed by that of its peer
      values.set(word, word === "dev" ? (value.split("@", 1)[0] ?? "") : value);
    }
  }
  return values;
}

/** Forms of values that mean nothing else to a shell or to `ip`. */
const tame: Record<string, (value: string) => boolean> = {
  via: (value) =>
    typeof parseAddress(value.replace(/^inet6 /, "")) !== "string",
  dev: isTameInterface,
  proto: (value) => /^([0-9]{1,3}|[a-z][a-z0-9_]{0,15})$/.test(value),
  metric: (value) => /^[0-9]{1,10}$/.test(value),
};

function deletion(
  type: string | undefined,
  destination: string,
  values: ReadonlyMap<string, string>,
): string | undefined {
  // the kernel deletes a route with a next hop object only where none of the object's own values is given
  const kinds = values.has("nhid")
    ? ["proto", "metric"]
    : ["via", "dev", "proto", "metric"];
  const given = kinds.flatMap((kind) => {
    const value = values.get(kind);
    return value === undefined ? [] : [[kind, value] as const];
  });
  if (
    values.has("tos") ||
    (values.get("table") ?? "main") !== "main" ||
    given.some(([kind, value]) => !tame[kind]?.(value))
  ) {
    return undefined;
  }
  return [
    ...["ip", "route", "del", ...(type === undefined ? [] : [type])],
    ...[destination, ...given.flat()],
  ].join(" ");
}

/** Whether a name of an interface can stand in a command. The kernel allows more: `;reboot;` is one. */
export function isTameInterface(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/.test(name);
}
