import { canonical, parseAddress, parseCidr } from "../core/cidr.ts";
import type { ActualRoute } from "./compareRoutes.ts";

/** The protocol of our routes, see hostPodRoutes.sh. */
export const ourProtocol = "173";

/** A route of a host's main table. */
export interface IpRoute extends ActualRoute {
  readonly protocol: string;
  /** Name of its interface, as the host says it; empty if it has none. */
  readonly interface: string;
  /** The command that deletes it, without `sudo`; undefined if a shell or `ip` could misread anything that the host says of it. */
  readonly deletion: string | undefined;
}

/** The types of routes of the kernel, except unicast, which `ip` does not print. */
const types = new Set(
  "local broadcast multicast throw unreachable prohibit blackhole nat anycast".split(
    " ",
  ),
);

/** The words that are followed by a value. */
const valued = new Set(
  "via dev proto metric table tos nhid src scope pref error expires mtu weight".split(
    " ",
  ),
);

/**
 * Reads `[TYPE] DESTINATION [via ADDRESS] [dev INTERFACE] [proto PROTOCOL] ...`, a line of `ip -o route`; a
 * destination without a prefix length is one address. Default routes and lines without a destination are left out.
 *
 * @param text printable
 */
export function readRoute(text: string): IpRoute[] {
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
      deletion: deletionOf(type, block, values),
    },
  ];
}

/** The values of a route, the first of each word; of `via inet6 ADDRESS` both words. Those of several next hops are left out. */
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

/** The forms of values that neither a shell nor `ip` can misread. */
const plainForms: Record<string, (value: string) => boolean> = {
  via: (value) =>
    typeof parseAddress(value.replace(/^inet6 /, "")) !== "string",
  dev: isPlainInterface,
  proto: (value) => /^([0-9]{1,3}|[a-z][a-z0-9_]{0,15})$/.test(value),
  metric: (value) => /^[0-9]{1,10}$/.test(value),
};

function deletionOf(
  type: string | undefined,
  destination: string,
  values: ReadonlyMap<string, string>,
): string | undefined {
  // the kernel deletes a route with a next hop object only if none of the object's own values is given
  const given = Object.entries(plainForms).filter(
    ([word]) =>
      values.has(word) &&
      !(values.has("nhid") && ["via", "dev"].includes(word)),
  );
  if (
    values.has("tos") ||
    (values.get("table") ?? "main") !== "main" ||
    given.some(([word, isPlain]) => !isPlain(values.get(word) ?? ""))
  ) {
    return undefined;
  }
  const options = given.map(([word]) => `${word} ${values.get(word)}`);
  return ["ip route del", type ?? [], destination, options].flat(2).join(" ");
}

/** Whether a name of an interface can stand in a command. The kernel allows more: `;reboot;` is one. */
export function isPlainInterface(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/.test(name);
}
