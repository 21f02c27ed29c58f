import type { HostState } from "../hosts/hostState.ts";
import type { HostFacts } from "./hostFacts.ts";
import { type HostFixes, unitOf } from "./hostFixes.ts";
import { isPlainInterface, ourProtocol } from "./ipRoute.ts";
import { fault, firstFew, note } from "./makeFinding.ts";
import { hasSameItems } from "./sameItems.ts";
import type { Finding } from "./verifyReport.ts";

/** Compares the kernel settings of a host, its unit, its record of routes and its block of /etc/hosts. */
export function compareHostSettings(
  host: HostState,
  facts: HostFacts,
  fixes: HostFixes,
): Finding[] {
  return [
    ...forwarding(host, facts, fixes),
    ...strictFilter(facts, fixes),
    ...persistence(host, facts, fixes),
    ...hostsFile(host, facts, fixes),
  ];
}

const switches: Record<string, { name: string; key: string }> = {
  4: { name: "ipv4", key: "net.ipv4.ip_forward" },
  6: { name: "ipv6", key: "net.ipv6.conf.all.forwarding" },
};

function forwarding(
  { forward, owner }: HostState,
  facts: HostFacts,
  fixes: HostFixes,
): Finding[] {
  return forward.flatMap((family) => {
    const { name = "", key = "" } = switches[family] ?? {};
    const line = `${key} = 1`;
    const off = "is off, this host drops packets for pods";
    const forgotten = `/etc/sysctl.d/90-pod-routes-${owner}.conf does not say ${line}: a reboot would forget it`;
    return [
      ...(facts.forward.get(name) === "1"
        ? []
        : [fault("forwarding", key, off, fixes.heal)]),
      ...(facts.sysctl.includes(line)
        ? []
        : [fault("persistence", "sysctl.d", forgotten, fixes.anew)]),
    ];
  });
}

/** Interfaces of our routes with a strict rp_filter. The kernel uses the greater value of `all` and the interface. */
function strictFilter(
  { rpFilter, routes }: HostFacts,
  fixes: HostFixes,
): Finding[] {
  const all = Number(rpFilter.get("all") ?? 0);
  const interfaces = new Set(
    routes
      .filter((route) => route.protocol === ourProtocol)
      .map((route) => route.interface),
  );
  return [...interfaces]
    .filter((name) => Math.max(all, Number(rpFilter.get(name) ?? 0)) === 1)
    .map((name) =>
      note(
        "rp_filter",
        name,
        "drops packets that come in here and whose answers would leave by another interface (rp_filter is strict); it matters on hosts with several",
        isPlainInterface(name)
          ? fixes.root(
              `sysctl -w net.ipv4.conf.${name.replaceAll(".", "/")}.rp_filter=2`,
            )
          : "set rp_filter of this interface to 2 by hand, below /proc/sys/net/ipv4/conf on the host; no command is shown, because the name of the interface would not be safe in one",
      ),
    );
}

/** What keeps the routes after a reboot: the host's record of them, and the unit that restores them. */
function persistence(
  host: HostState,
  facts: HostFacts,
  fixes: HostFixes,
): Finding[] {
  if (facts.unit === undefined) {
    const message =
      "is not on this host: its routes last until a reboot or a network restart";
    return [note("persistence", "systemd", message)];
  }
  const findings: Finding[] = [];
  const wanted = host.routes.map((r) => `${r.destination} via ${r.nextHop}`);
  if (!hasSameItems(facts.recorded, wanted)) {
    const message = `/var/lib/pod-network-routes/${host.owner} holds other routes than the stack's state, which would come back at a reboot`;
    findings.push(fault("persistence", "record", message, fixes.anew));
  }
  const unit = unitOf(host);
  const [enabled, active] = facts.unit.split("/");
  if (enabled !== "enabled") {
    const message = `${unit} is ${enabled || "not there"}: the routes do not outlast a reboot`;
    const fix = enabled === "disabled" ? fixes.restart : fixes.anew;
    findings.push(fault("persistence", "unit", message, fix));
  }
  if (active !== "active") {
    const message = `${unit} is ${active}: nothing keeps the routes`;
    findings.push(fault("persistence", "unit", message, fixes.restart));
  }
  return findings;
}

function hostsFile(
  { hosts, owner }: HostState,
  facts: HostFacts,
  fixes: HostFixes,
): Finding[] {
  const hostsFault = (message: string, fix = fixes.anew) =>
    fault("hosts", "/etc/hosts", `the block of ${owner} ${message}`, fix);
  if (facts.hostsWithoutEnd) {
    const fix = `write the line '# END pod-network-routes ${owner}' behind it`;
    return [hostsFault("has no end", fix)];
  }
  const [wanted, there] = [new Set(hosts), new Set(facts.hosts)];
  const missing = hosts.filter((line) => !there.has(line));
  const extra = facts.hosts.filter((line) => !wanted.has(line));
  const quote = (lines: string[]) =>
    firstFew(lines.map((line) => `"${line}"`)).join(", ");
  return [
    ...(missing.length > 0 ? [hostsFault(`lacks ${quote(missing)}`)] : []),
    ...(extra.length > 0 ? [hostsFault(`has ${quote(extra)} besides`)] : []),
  ];
}
