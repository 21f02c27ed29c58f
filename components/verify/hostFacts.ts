import { canonical } from "../core/cidr.ts";
import { foreignText } from "../core/plainText.ts";
import { type IpRoute, readRoute } from "./ipRoute.ts";

/** The output of `hostLook.sh look`. Every text is printable, and cut after some hundred characters. */
export interface HostFacts {
  readonly routes: readonly IpRoute[];
  /** The first line of `ip route get`, by next hop or destination. */
  readonly hops: ReadonlyMap<string, string>;
  readonly gets: ReadonlyMap<string, string>;
  /** The kernel's switches for forwarding, by `ipv4` and `ipv6`. */
  readonly forward: ReadonlyMap<string, string>;
  /** rp_filter of IPv4, by interface. */
  readonly rpFilter: ReadonlyMap<string, string>;
  /** The recorded routes of this owner and of other owners, as `CIDR via ADDRESS`. */
  readonly recorded: readonly string[];
  readonly others: readonly string[];
  /** The recorded name and address of the node; undefined if there is no record of this owner. */
  readonly node: string | undefined;
  readonly sysctl: readonly string[];
  /** The state of the unit, such as `enabled/active`; undefined without systemd. */
  readonly unit: string | undefined;
  readonly hosts: readonly string[];
  readonly hostsWithoutEnd: boolean;
  readonly canPing: boolean;
  /** Addresses of the host itself. */
  readonly addresses: readonly string[];
  /** Addresses of its pods, each with a process in the pod's network. */
  readonly pods: readonly { readonly pid: string; readonly address: string }[];
  /** The kinds of lines that are incomplete, because the host has too many of them. */
  readonly cut: readonly string[];
}

/** `hostLook.sh` prints fewer lines. */
const mostLines = 200_000;

/** The kinds of lines that `hostLook.sh` prints. */
const kinds: ReadonlySet<string> = new Set(
  "looked route address hop get forward rp_filter recorded others node sysctl unit hosts hosts-without-end ping pod cut".split(
    " ",
  ),
);

/** Reads the output of `hostLook.sh look`; undefined if the script could not look. */
export function readHostFacts(text: string): HostFacts | undefined {
  const printed = text.split("\n", mostLines + 1);
  const lines = Map.groupBy(printed.slice(0, mostLines), firstWord);
  if (!lines.has("looked")) {
    return undefined;
  }
  const all = (word: string) =>
    (lines.get(word) ?? []).map((line) => foreignText(line.slice(word.length)));
  const pairs = (word: string) =>
    all(word).map((line): [string, string] => {
      const key = firstWord(line);
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

function firstWord(line: string): string {
  return line.split(" ", 1)[0] ?? "";
}

/** An address without its prefix length. */
function bare(address: string): string {
  const [text = ""] = address.split("/", 1);
  return canonical(text);
}
