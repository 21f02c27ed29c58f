import { overlaps, parseCidrs } from "../core/cidr";
import { compareRoutes } from "./compare";
import type { HostFacts } from "./hostFacts";
import type { HostState } from "./hostState";
import type { Finding } from "./report";

/** Our route protocol, see hostPodRoutes.sh. */
const protocol = "173";

/** What is not on a host as the stack's state says. */
export function compareHost(
  host: HostState,
  facts: HostFacts,
  stack: string,
): Finding[] {
  const mends = mendsOf(host, facts, stack);
  if (facts.node === undefined) {
    return [
      {
        severity: "fault",
        kind: "state",
        subject: host.node,
        message: `this host knows nothing of ${host.owner}: it was set up anew, or cleaned`,
        mend: mends.anew,
      },
    ];
  }
  const table = compareTable(host, facts, mends);
  return [
    ...table,
    ...offLink(host, facts),
    ...detours(host, facts, table),
    ...forwarding(host, facts, mends),
    ...strictFilter(facts, mends),
    ...persistence(host, facts, mends),
    ...hostsFile(host, facts, mends),
  ];
}

interface HostMends {
  /** Has Pulumi do all of the host anew. */
  readonly anew: string;
  readonly restart: string;
  /** What to do about something that the host's unit mends by itself, if it runs. */
  readonly heal: string;
  /** A command as root on the host. */
  root(command: string): string;
}

function mendsOf(
  { urn, login, sudo, heal, owner }: HostState,
  facts: HostFacts,
  stack: string,
): HostMends {
  const to = `${login.user}@${login.host}`;
  const port = login.port === 22 ? "" : `-p ${login.port} `;
  const root = (command: string) =>
    `ssh ${port}${to} ${sudo ? "sudo " : ""}${command}`;
  const anew = `pulumi state delete --stack ${stack} '${urn}' && pulumi up --stack ${stack}`;
  const unit = `pod-routes-${owner}.service`;
  const restart =
    facts.unit === undefined
      ? anew
      : root(`sh -c 'systemctl enable ${unit}; systemctl restart ${unit}'`);
  return {
    anew,
    root,
    restart,
    heal:
      facts.unit === "enabled/active"
        ? `the host mends that itself within ${heal} s; if not: ${root(`journalctl -n 20 -u ${unit}`)}`
        : restart,
  };
}

function compareTable(
  { routes }: HostState,
  facts: HostFacts,
  mends: HostMends,
): Finding[] {
  const others = new Set(facts.others.map((line) => line.split(" ")[0]));
  const ours = facts.routes.filter(
    (route) => route.protocol === protocol && !others.has(route.destination),
  );
  const foreign = facts.routes.filter((route) => route.protocol !== protocol);
  return compareRoutes(routes, ours, foreign, {
    missing: mends.heal,
    wrong: mends.heal,
    stale: ({ text }) => mends.root(deletion(text)),
    foreign: ({ text }) => mends.root(deletion(text)),
  });
}

/** Without what `ip` prints about a route and does not take. */
function deletion(route: string): string {
  return `ip route del ${route.replace(/ (linkdown|dead)\b/g, "")}`;
}

/** A host reaches a next hop without a router in between, or the kernel refuses the route. */
function offLink({ routes }: HostState, { hops }: HostFacts): Finding[] {
  const distinct = new Map(routes.map((route) => [route.nextHop, route.node]));
  return [...distinct].flatMap(([hop, node]): Finding[] => {
    const way = hops.get(hop) ?? "";
    if (/^\S+ (from :: )?dev /.test(way)) {
      return [];
    }
    return [
      {
        severity: "fault",
        kind: "off-link",
        subject: hop,
        message: `the internal IP of ${node ?? "a node"} is on no network that this host is connected to (ip route get: ${way}), so it cannot be a next hop`,
        mend: "put the nodes into one network, have its router hold the routes (a target aws, gcp or openstack), or have an overlay on top of it (target flannel)",
      },
    ];
  });
}

/**
 * Where rules or other tables lead packets elsewhere.
 *
 * @param table what is wrong in the main table, and is the reason then
 */
function detours(
  { routes }: HostState,
  { gets }: HostFacts,
  table: readonly Finding[],
): Finding[] {
  const known = parseCidrs(table.map(({ subject }) => subject));
  return routes.flatMap(({ destination, nextHop }): Finding[] => {
    const way = gets.get(destination) ?? "";
    const [, via] = /\bvia (\S+)/.exec(way) ?? [];
    const [cidr] = parseCidrs([destination]);
    if (via === nextHop || known.some((k) => cidr && overlaps(k, cidr))) {
      return [];
    }
    return [
      {
        severity: "fault",
        kind: "detour",
        subject: destination,
        message: `the route via ${nextHop} is there, but the kernel takes another way (ip route get: ${way})`,
        mend: "look for a narrower route and for rules: ip route show table all; ip rule",
      },
    ];
  });
}

const switches: Record<string, [family: string, key: string]> = {
  4: ["ipv4", "net.ipv4.ip_forward"],
  6: ["ipv6", "net.ipv6.conf.all.forwarding"],
};

function forwarding(
  { forward, owner }: HostState,
  facts: HostFacts,
  mends: HostMends,
): Finding[] {
  return forward.flatMap((family): Finding[] => {
    const [name = "", key = ""] = switches[family] ?? [];
    const line = `${key} = 1`;
    return [
      ...(facts.forward.get(name) === "1"
        ? []
        : [
            {
              severity: "fault" as const,
              kind: "forwarding" as const,
              subject: key,
              message: "is off, this host drops packets for pods",
              mend: mends.heal,
            },
          ]),
      ...(facts.sysctl.includes(line)
        ? []
        : [
            {
              severity: "fault" as const,
              kind: "persistence" as const,
              subject: "sysctl.d",
              message: `/etc/sysctl.d/90-pod-routes-${owner}.conf does not say ${line}: a reboot would forget it`,
              mend: mends.anew,
            },
          ]),
    ];
  });
}

/** The kernel takes the stricter of the value of `all` and that of the interface. */
function strictFilter(
  { rpFilter, routes }: HostFacts,
  mends: HostMends,
): Finding[] {
  const all = Number(rpFilter.get("all") ?? 0);
  const interfaces = new Set(
    routes
      .filter((route) => route.protocol === protocol)
      .map(({ text }) => /\bdev (\S+)/.exec(text)?.[1] ?? ""),
  );
  return [...interfaces]
    .filter((name) => Math.max(all, Number(rpFilter.get(name) ?? 0)) === 1)
    .map((name) => ({
      severity: "note",
      kind: "rp_filter",
      subject: name,
      message:
        "drops packets that come in here and whose answers would leave by another interface (rp_filter is strict); it matters on hosts with several",
      mend: mends.root(
        `sysctl -w net.ipv4.conf.${name.replaceAll(".", "/")}.rp_filter=2`,
      ),
    }));
}

function persistence(
  host: HostState,
  facts: HostFacts,
  mends: HostMends,
): Finding[] {
  const unit = `pod-routes-${host.owner}.service`;
  if (facts.unit === undefined) {
    return [
      {
        severity: "note",
        kind: "persistence",
        subject: "systemd",
        message:
          "is not on this host: its routes last until a reboot or a network restart",
      },
    ];
  }
  const wanted = host.routes.map((r) => `${r.destination} via ${r.nextHop}`);
  const same =
    [...wanted].sort().join("\n") === [...facts.recorded].sort().join("\n");
  const [enabled, active] = facts.unit.split("/");
  const fault = (subject: string, message: string, mend: string) => ({
    severity: "fault" as const,
    kind: "persistence" as const,
    ...{ subject, message, mend },
  });
  return [
    ...(same
      ? []
      : [
          fault(
            "record",
            `/var/lib/pod-network-routes/${host.owner} holds other routes than the stack's state, which would come back at a reboot`,
            mends.anew,
          ),
        ]),
    ...(enabled === "enabled"
      ? []
      : [
          fault(
            "unit",
            `${unit} is ${enabled || "not there"}: the routes do not outlast a reboot`,
            ["disabled", "masked"].includes(enabled ?? "")
              ? mends.restart
              : mends.anew,
          ),
        ]),
    ...(active === "active"
      ? []
      : [
          fault(
            "unit",
            `${unit} is ${active}: nothing keeps the routes`,
            mends.restart,
          ),
        ]),
  ];
}

function hostsFile(
  { hosts, owner }: HostState,
  facts: HostFacts,
  mends: HostMends,
): Finding[] {
  const missing = hosts.filter((line) => !facts.hosts.includes(line));
  const extra = facts.hosts.filter((line) => !hosts.includes(line));
  const fault = (message: string, mend: string): Finding => ({
    ...{ severity: "fault", kind: "hosts", subject: "/etc/hosts" },
    ...{ message, mend },
  });
  if (facts.hostsWithoutEnd) {
    return [
      fault(
        `the block of ${owner} has no end`,
        `write the line '# END pod-network-routes ${owner}' behind it`,
      ),
    ];
  }
  const quote = (lines: string[]) => lines.map((l) => `"${l}"`).join(", ");
  return [
    ...(missing.length > 0
      ? [fault(`the block of ${owner} lacks ${quote(missing)}`, mends.anew)]
      : []),
    ...(extra.length > 0
      ? [fault(`the block of ${owner} has ${quote(extra)} besides`, mends.anew)]
      : []),
  ];
}
