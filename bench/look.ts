import { type BenchNode, hasIpv6, namesOn, routesOn } from "./inventory.ts";

/** Run on a host, it prints what {@link wrongOn} reads. */
export const lookCommand =
  "ip -4 route; ip -6 route; echo --; cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding; echo --; cat /etc/hosts";

/** What a host's /etc/hosts is before anybody has touched it. */
export function untouchedHosts({ name }: BenchNode): string {
  return `127.0.0.1 localhost\n127.0.1.1 ${name}\n`;
}

/** What is wrong on a host that should have the table of these nodes, by the output of {@link lookCommand}; undefined: nothing. */
export function wrongOn(
  host: BenchNode,
  nodes: readonly BenchNode[],
  seen: string,
): string | undefined {
  const { routes, forward, hosts } = read(seen);
  const names = namesOn(host, nodes);
  const added = hosts
    .replace(untouchedHosts(host), "")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  return (
    difference(host, "routes", routes, routesOn(host, nodes)) ??
    (forward === (hasIpv6(nodes) ? "1\n1" : "1\n0")
      ? undefined
      : `${host.name} does not forward`) ??
    (hosts.startsWith(untouchedHosts(host))
      ? difference(host, "lines of /etc/hosts", added, names)
      : `${host.name}: its own lines of /etc/hosts are gone`)
  );
}

/** What is left on a host that should be as nobody has touched it; undefined: nothing. */
export function leftOn(host: BenchNode, seen: string): string | undefined {
  const { routes, forward, hosts } = read(seen);
  return (
    difference(host, "routes", routes, []) ??
    (forward === "0\n0" ? undefined : `${host.name} still forwards`) ??
    (hosts.trim() === untouchedHosts(host).trim()
      ? undefined
      : `${host.name}: /etc/hosts is not as it was`)
  );
}

function read(seen: string) {
  const [routes = "", forward = "", hosts = ""] = seen.split(/^--\n/m);
  return {
    routes: routes
      .split("\n")
      .filter((line) => line !== "" && !line.includes("proto kernel"))
      .map((line) => line.split(" ").slice(0, 3).join(" ")),
    forward: forward.trim(),
    hosts,
  };
}

function difference(
  { name }: BenchNode,
  what: string,
  found: readonly string[],
  wanted: readonly string[],
): string | undefined {
  const strange = found.filter((one) => !wanted.includes(one));
  const missing = wanted.filter((one) => !found.includes(one));
  return strange.length === 0 &&
    missing.length === 0 &&
    found.length === wanted.length
    ? undefined
    : `${name}: ${what}: ${found.length} instead of ${wanted.length}, missing ${missing[0] ?? "none"}, not wanted ${strange[0] ?? "none"}`;
}
