import { canonical } from "../core/cidr.ts";
import { foreignText } from "../core/plainText.ts";
import { type HostRoute, readRoute } from "./hostRoute.ts";

/** What there is on a host, as `hostLook.sh` prints it: every text is printable, and cut after some hundred characters. */
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
  /** The kinds of lines of which the host has more than it printed, or than are read. */
  readonly cut: readonly string[];
}

/** `hostLook.sh` prints less. */
const mostLines = 200_000;

/** The kinds of lines that `hostLook.sh` prints. */
const kinds = new Set([
  ...["looked", "route", "address", "hop", "get", "forward", "rp_filter"],
  ...["recorded", "others", "node", "sysctl", "unit", "hosts"],
  ...["hosts-without-end", "ping", "pod", "cut"],
]);

/** Reads what `hostLook.sh look` printed; undefined if it could not look. */
export function readHostFacts(text: string): HostFacts | undefined {
  const lines = new Map<string, string[]>();
  const printed = text.split("\n", mostLines + 1);
  for (const line of printed.slice(0, mostLines)) {
    const [word = ""] = line.split(" ", 1);
    if (kinds.has(word)) {
      const said = lines.get(word) ?? [];
      said.push(foreignText(line.slice(word.length)));
      lines.set(word, said);
    }
  }
  if (!lines.has("looked")) {
    return undefined;
  }
  const all = (word: string) => lines.get(word) ?? [];
  const pairs = (word: string) =>
    all(word).map((line): [string, string] => {
      const [key = ""] = line.split(" ", 1);
      return [key, line.slice(key.length + 1)];
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
    pods: pairs("pod")
      .filter(([pid]) => /^[1-9][0-9]{0,6}$/.test(pid))
      .map(([pid, address]) => ({ pid, address: bare(address) })),
    cut: [
      ...new Set([
        ...all("cut").filter((word) => kinds.has(word)),
        ...(printed.length > mostLines ? ["line"] : []),
      ]),
    ],
  };
}

/** An address without its prefix length. */
function bare(address: string): string {
  const [text = ""] = address.split("/", 1);
  return canonical(text);
}
