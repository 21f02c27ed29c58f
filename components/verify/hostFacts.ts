import { canonical } from "../core/cidr";
import type { Real } from "./compare";

/** A route of a host's main table. */
interface HostRoute extends Real {
  readonly protocol: string;
}

/** What there is on a host, as `hostLook.sh` prints it. */
export interface HostFacts {
  readonly routes: readonly HostRoute[];
  /** By next hop or destination, the first line that `ip route get` says. */
  readonly hops: ReadonlyMap<string, string>;
  readonly gets: ReadonlyMap<string, string>;
  /** By `ipv4` and `ipv6`, the value of the switch. */
  readonly forward: ReadonlyMap<string, string>;
  /** By interface, IPv4's rp_filter. */
  readonly rpFilter: ReadonlyMap<string, string>;
  /** The routes that the host has on record as this owner's and as others', `CIDR via ADDRESS`. */
  readonly recorded: readonly string[];
  readonly others: readonly string[];
  /** The node that the host was told it is; undefined if it was told nothing. */
  readonly node: string | undefined;
  readonly sysctl: readonly string[];
  /** `enabled/active`, or undefined without systemd. */
  readonly unit: string | undefined;
  readonly hosts: readonly string[];
  readonly hostsWithoutEnd: boolean;
  readonly canPing: boolean;
  /** Addresses of the host itself, without prefix length. */
  readonly addresses: readonly string[];
  /** Addresses of its pods, each with a process that is in the pod's network. */
  readonly pods: readonly { readonly pid: string; readonly address: string }[];
}

/** Reads what `hostLook.sh look` printed; undefined if it could not look. */
export function readHostFacts(text: string): HostFacts | undefined {
  const lines = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [word = "", ...rest] = line.split(" ");
    const said = lines.get(word) ?? [];
    said.push(rest.join(" ").trim());
    lines.set(word, said);
  }
  if (!lines.has("looked")) {
    return undefined;
  }
  const all = (word: string) => lines.get(word) ?? [];
  const pairs = (word: string) =>
    all(word).map((line): [string, string] => {
      const [key = "", ...value] = line.split(" ");
      return [key, value.join(" ")];
    });
  return {
    routes: all("route").flatMap(readRoute),
    hops: new Map(pairs("hop")),
    gets: new Map(pairs("get")),
    forward: new Map(pairs("forward")),
    rpFilter: new Map(pairs("rp_filter")),
    recorded: all("recorded"),
    others: all("others"),
    node: all("node")[0],
    sysctl: all("sysctl"),
    unit: all("unit")[0],
    hosts: all("hosts"),
    hostsWithoutEnd: lines.has("hosts-without-end"),
    canPing: lines.has("ping"),
    addresses: all("address").map(bare),
    pods: pairs("pod").map(([pid, address]) => ({
      pid,
      address: bare(address),
    })),
  };
}

/** `[TYPE] DESTINATION [via ADDRESS] [dev INTERFACE] [proto PROTOCOL] ...`; an address alone stands for itself. */
function readRoute(text: string): HostRoute[] {
  const words = text.split(/\s+/);
  const [first = "", second = ""] = words;
  const typed = /^[a-z]+$/.test(first) && first !== "default";
  const destination = typed ? second : first;
  if (destination === "default") {
    return [];
  }
  const after = (word: string) => words[words.indexOf(word) + 1] ?? "";
  const value = (word: string) => (words.includes(word) ? after(word) : "");
  const length = destination.includes(":") ? 128 : 32;
  return [
    {
      destination: canonical(
        destination.includes("/") ? destination : `${destination}/${length}`,
      ),
      nextHop: value("via") || (typed ? first : `dev ${value("dev")}`),
      protocol: value("proto") || "boot",
      text,
    },
  ];
}

function bare(address: string): string {
  return canonical(address.replace(/\/.*$/, ""));
}
