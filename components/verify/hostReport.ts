import { parseCidr, parseCidrs } from "../core/cidr.ts";
import type { HostState } from "../hosts/hostState.ts";
import {
  anewCommand,
  type StackName,
  updateCommand,
} from "../stack/pulumiCommands.ts";
import { Blocks } from "./blocks.ts";
import { compareRoutes } from "./compare.ts";
import { firstOf } from "./findings.ts";
import type { HostFacts } from "./hostFacts.ts";
import { type HostRoute, isTameInterface } from "./hostRoute.ts";
import type { Finding } from "./report.ts";
import { onHost } from "./sshCommand.ts";

/** Our route protocol, see hostPodRoutes.sh. */
const protocol = "173";

/**
 * What is not on a host as the stack's state says.
 *
 * @param behind whether the host was told something else, which an update is to put right before anything else is
 */
export function compareHost(
  host: HostState,
  facts: HostFacts,
  stack: StackName,
  behind = false,
): Finding[] {
  const fixes = fixesOf(host, facts, stack, behind);
  if (facts.node === undefined) {
    return [
      {
        severity: "fault",
        kind: "state",
        subject: host.node,
        message: `this host knows nothing of ${host.owner}: it was set up anew, or cleaned`,
        fix: fixes.anew,
      },
    ];
  }
  const table = compareTable(host, facts, fixes);
  return [
    ...table,
    ...offLink(host, facts),
    ...detours(host, facts, table),
    ...forwarding(host, facts, fixes),
    ...strictFilter(facts, fixes),
    ...persistence(host, facts, fixes),
    ...hostsFile(host, facts, fixes),
    ...tooMuch(facts),
  ];
}

interface HostFixes {
  /** Has Pulumi do all of the host anew. */
  readonly anew: string;
  readonly restart: string;
  /** What to do about something that the host's unit puts right by itself, if it runs. */
  readonly heal: string;
  /** An update, where it is what puts right what is there and not wanted. */
  readonly update: string | undefined;
  /** A command as root on the host, made of words that its shell leaves as they are. */
  root(command: string): string;
}

function fixesOf(
  host: HostState,
  facts: HostFacts,
  stack: StackName,
  behind: boolean,
): HostFixes {
  const root = (...commands: string[]) => onHost(host, stack, ...commands);
  if (behind) {
    const update = updateCommand(stack);
    return { root, update, anew: update, restart: update, heal: update };
  }
  const anew = anewCommand(host.urn, stack);
  const unit = unitOf(host);
  const restart =
    facts.unit === undefined
      ? anew
      : root(`systemctl enable ${unit}`, `systemctl restart ${unit}`);
  return {
    ...{ anew, root, restart, update: undefined },
    heal:
      facts.unit === "enabled/active"
        ? `the unit on this host puts that right within ${host.heal} s; if it does not, look at its log: ${root(`journalctl -n 20 -u ${unit}`)}`
        : restart,
  };
}

function unitOf({ owner }: HostState): string {
  return `pod-routes-${owner}.service`;
}

function compareTable(
  { routes }: HostState,
  facts: HostFacts,
  fixes: HostFixes,
): Finding[] {
  const others = new Set(facts.others.map((line) => line.split(" ", 1)[0]));
  const ours = facts.routes.filter(
    (route) => route.protocol === protocol && !others.has(route.destination),
  );
  const foreign = facts.routes.filter((route) => route.protocol !== protocol);
  const remove = ({ destination, deletion }: HostRoute) =>
    deletion === undefined
      ? `delete the route to ${destination} by hand, as it stands in the host's main table; no command is shown, because the host describes the route by words that would not be safe in one`
      : fixes.root(deletion);
  return compareRoutes(routes, ours, foreign, {
    missing: fixes.heal,
    wrong: fixes.heal,
    stale: (route) => fixes.update ?? remove(route),
    foreign: remove,
  });
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
        fix: "put the nodes into one network, have its router hold the routes (a target aws, gcp or openstack), or have an overlay on top of it (target flannel)",
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
  const wrong = parseCidrs(table.map(({ subject }) => subject));
  const around = new Blocks(wrong);
  const wanted = parseCidrs(routes.map(({ destination }) => destination));
  const wantedBlocks = new Blocks(wanted);
  const broken = new Set(
    wrong.flatMap((cidr) => wantedBlocks.holding(cidr).map(({ text }) => text)),
  );
  const isKnown = (destination: string) => {
    const cidr = parseCidr(destination);
    return (
      broken.has(destination) ||
      (typeof cidr !== "string" && around.holding(cidr).length > 0)
    );
  };
  return routes.flatMap(({ destination, nextHop }): Finding[] => {
    const way = gets.get(destination) ?? "";
    const [, via] = /\bvia (\S+)/.exec(way) ?? [];
    if (via === nextHop || isKnown(destination)) {
      return [];
    }
    return [
      {
        severity: "fault",
        kind: "detour",
        subject: destination,
        message: `the route via ${nextHop} is there, but the kernel takes another way (ip route get: ${way})`,
        fix: "look for a narrower route and for rules: ip route show table all; ip rule",
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
  fixes: HostFixes,
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
              fix: fixes.heal,
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
              fix: fixes.anew,
            },
          ]),
    ];
  });
}

/** The kernel takes the stricter of the value of `all` and that of the interface. */
function strictFilter(
  { rpFilter, routes }: HostFacts,
  fixes: HostFixes,
): Finding[] {
  const all = Number(rpFilter.get("all") ?? 0);
  const interfaces = new Set(
    routes
      .filter((route) => route.protocol === protocol)
      .map((route) => route.interface),
  );
  return [...interfaces]
    .filter((name) => Math.max(all, Number(rpFilter.get(name) ?? 0)) === 1)
    .map((name) => ({
      severity: "note",
      kind: "rp_filter",
      subject: name,
      message:
        "drops packets that come in here and whose answers would leave by another interface (rp_filter is strict); it matters on hosts with several",
      fix: isTameInterface(name)
        ? fixes.root(
            `sysctl -w net.ipv4.conf.${name.replaceAll(".", "/")}.rp_filter=2`,
          )
        : "set rp_filter of this interface to 2 by hand, below /proc/sys/net/ipv4/conf on the host; no command is shown, because the name of the interface would not be safe in one",
    }));
}

function persistence(
  host: HostState,
  facts: HostFacts,
  fixes: HostFixes,
): Finding[] {
  const unit = unitOf(host);
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
  const recorded = new Set(facts.recorded);
  const same =
    recorded.size === new Set(wanted).size &&
    wanted.every((line) => recorded.has(line));
  const [enabled, active] = facts.unit.split("/");
  const fault = (subject: string, message: string, fix: string) => ({
    severity: "fault" as const,
    kind: "persistence" as const,
    ...{ subject, message, fix },
  });
  return [
    ...(same
      ? []
      : [
          fault(
            "record",
            `/var/lib/pod-network-routes/${host.owner} holds other routes than the stack's state, which would come back at a reboot`,
            fixes.anew,
          ),
        ]),
    ...(enabled === "enabled"
      ? []
      : [
          fault(
            "unit",
            `${unit} is ${enabled || "not there"}: the routes do not outlast a reboot`,
            enabled === "disabled" ? fixes.restart : fixes.anew,
          ),
        ]),
    ...(active === "active"
      ? []
      : [
          fault(
            "unit",
            `${unit} is ${active}: nothing keeps the routes`,
            fixes.restart,
          ),
        ]),
  ];
}

function hostsFile(
  { hosts, owner }: HostState,
  facts: HostFacts,
  fixes: HostFixes,
): Finding[] {
  const [wanted, there] = [new Set(hosts), new Set(facts.hosts)];
  const missing = hosts.filter((line) => !there.has(line));
  const extra = facts.hosts.filter((line) => !wanted.has(line));
  const fault = (message: string, fix: string): Finding => ({
    ...{ severity: "fault", kind: "hosts", subject: "/etc/hosts" },
    ...{ message, fix },
  });
  if (facts.hostsWithoutEnd) {
    return [
      fault(
        `the block of ${owner} has no end`,
        `write the line '# END pod-network-routes ${owner}' behind it`,
      ),
    ];
  }
  const quote = (lines: string[]) =>
    firstOf(lines.map((line) => `"${line}"`)).join(", ");
  return [
    ...(missing.length > 0
      ? [fault(`the block of ${owner} lacks ${quote(missing)}`, fixes.anew)]
      : []),
    ...(extra.length > 0
      ? [fault(`the block of ${owner} has ${quote(extra)} besides`, fixes.anew)]
      : []),
  ];
}

/** A check that has not seen all of it is none. */
function tooMuch({ cut }: HostFacts): Finding[] {
  return cut.map((word) => ({
    severity: "fault",
    kind: "more",
    subject: word,
    message: `this host says so much of "${word}" that only its beginning was looked at`,
  }));
}
