import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import type { Report } from "../../components/verify/verifyReport.ts";
import type { Stack } from "../../lab/stack.ts";
import { reportFaults, up, verified, verify } from "../stacks.ts";
import {
  assertSame,
  plainHosts,
  Scenario,
  type TestNode,
  workerHosts,
  workers,
} from "./scenario.ts";

const server: TestNode = { name: "server", internalIp: "10.240.0.10" };
const nodes = workers(3);
const owner = "pod-network-routes.verify.routes";
const unit = `pod-routes-${owner}.service`;

describe("npm run verify", () => {
  const scenario = new Scenario([
    ...plainHosts("10.240.0", { server: 10, "worker-2": 22 }),
    ...workerHosts(2, "systemd"),
  ]);
  let stack: Stack;

  before(async () => {
    const { lab } = scenario;
    await Promise.all(["worker-0", "worker-1"].map((n) => lab.booted(n)));
    for (const { name, podCidrs = [] } of nodes) {
      await lab.addPod(name, podCidrs);
    }
    // no host is to fix what the tests break before it is looked at
    stack = await scenario.stack("verify", {
      nodes: [server, ...nodes],
      healInterval: 3600,
    });
    await up(stack);
  });

  it("finds all well, and changes nothing", async () => {
    const hosts = ["server", "worker-0", "worker-2"];
    const before = await Promise.all(hosts.map((h) => scenario.everything(h)));
    const { code, report } = await verified(stack);
    assert.deepEqual(reportFaults(report), []);
    assert.equal(code, 0);
    assert.equal(report.ok, true);
    assert.deepEqual(
      report.hosts.map(({ node, wanted }) => [node, wanted]),
      [
        ["server", 3],
        ["worker-0", 2],
        ["worker-1", 2],
        ["worker-2", 2],
      ],
    );
    assert.deepEqual(report.pings, {
      ends: [0, 1, 2].map((i) => ({
        node: `worker-${i}`,
        address: `10.200.${i}.2`,
        pod: true,
      })),
      sent: 6,
      failed: [],
      left: [],
    });
    for (const [i, host] of hosts.entries()) {
      assertSame(await scenario.everything(host), before[i] ?? "");
    }
  });

  /** What is broken: the host, the command that breaks it, the fault, and the pings that fail then. */
  const broken: Record<
    string,
    [host: string, command: string, fault: string, ...pings: string[]]
  > = {
    "a deleted route": [
      "worker-0",
      "ip route del 10.200.1.0/24",
      "missing 10.200.1.0/24",
      "worker-0 worker-1",
      "worker-1 worker-0",
    ],
    "a wrong next hop": [
      "worker-0",
      "ip route replace 10.200.1.0/24 via 10.240.0.10 proto 173",
      "wrong 10.200.1.0/24",
    ],
    "a stale route of ours": [
      "worker-1",
      "ip route add 10.200.9.0/24 via 10.240.0.10 proto 173",
      "stale 10.200.9.0/24",
    ],
    "a foreign route that takes a part of a pod CIDR": [
      "worker-0",
      "ip route add 10.200.1.0/25 via 10.240.0.99",
      "foreign 10.200.1.0/25",
      "worker-0 worker-1",
      "worker-1 worker-0",
    ],
    "a rule that leads packets elsewhere": [
      "worker-0",
      "ip route add 10.200.1.0/24 via 10.240.0.99 table 100; ip rule add to 10.200.1.0/24 table 100",
      "detour 10.200.1.0/24",
      "worker-0 worker-1",
      "worker-1 worker-0",
    ],
    "forwarding that is off": [
      "worker-1",
      "echo 0 > /proc/sys/net/ipv4/ip_forward",
      "forwarding net.ipv4.ip_forward",
      "worker-0 worker-1",
      "worker-1 worker-0",
      "worker-1 worker-2",
      "worker-2 worker-1",
    ],
    "a line that is gone from the block of /etc/hosts": [
      "server",
      "sed '/worker-1/d' /etc/hosts > /tmp/hosts; cat /tmp/hosts > /etc/hosts; rm /tmp/hosts",
      "hosts /etc/hosts",
    ],
    "a line that somebody put into the block of /etc/hosts": [
      "server",
      "sed 's/^# END/10.6.6.6 mallory\\n&/' /etc/hosts > /tmp/hosts; cat /tmp/hosts > /etc/hosts; rm /tmp/hosts",
      "hosts /etc/hosts",
    ],
    "a unit that is disabled": [
      "worker-0",
      `systemctl disable ${unit}`,
      "persistence unit",
    ],
    "forwarding that a reboot would forget": [
      "worker-0",
      `rm /etc/sysctl.d/90-pod-routes-${owner}.conf`,
      "persistence sysctl.d",
    ],
    "other routes on record, which a reboot would bring": [
      "worker-0",
      `sed -i s/10.240.0.21/10.240.0.10/ /var/lib/pod-network-routes/${owner}/routes`,
      "persistence record",
    ],
    "a host that was set up anew": [
      "worker-2",
      `rm -r /var/lib/pod-network-routes`,
      "state worker-2",
    ],
  };
  for (const [what, [host, command, fault, ...pings]] of Object.entries(
    broken,
  )) {
    it(`finds ${what}, and says what fixes it`, async () => {
      await scenario.lab.on(host, command);
      const { code, report } = await verified(stack);
      assert.equal(code, 1);
      assert.equal(report.ok, false);
      assert.deepEqual(reportFaults(report), [`${host}: ${fault}`]);
      assert.deepEqual(
        report.pings.failed.map(({ from, to }) => `${from} ${to}`).sort(),
        pings,
      );
      const { fix = "" } =
        found(report, host).find((one) => one.severity === "fault") ?? {};
      await fixed(fix, host);
      const after = await verified(stack);
      assert.deepEqual(reportFaults(after.report), []);
      assert.equal(after.code, 0);
    });
  }

  /** What a report says of a host. */
  function found({ hosts }: Report, host = "worker-0") {
    const { findings } = hosts.find(({ node }) => node === host) ?? {};
    assert.ok(findings, host);
    return findings;
  }

  /** Does what a report says, on the host or with Pulumi. */
  async function fixed(fix: string, host: string): Promise<void> {
    if (/^look for/.test(fix)) {
      await scenario.lab.on(
        host,
        "ip rule del to 10.200.1.0/24; ip route flush table 100",
      );
      return;
    }
    const [, log] = / look at its log: (.*)$/.exec(fix) ?? [];
    const said = await asPrinted(log ?? fix);
    if (log !== undefined) {
      assert.match(said, /systemd\[1\]: Started/);
      await scenario.lab.on(host, `systemctl restart ${unit}`);
    }
    if (fix.includes("systemctl") || log !== undefined) {
      await started(host);
    }
  }

  /** Waits until the unit of a host has done its work. */
  const started = (host: string) =>
    scenario.lab.on(
      host,
      `until ip route | grep -q 'via.*proto 173' && grep -q 1 /proc/sys/net/ipv4/ip_forward; do sleep 0.1; done`,
    );

  const asPrinted = (command: string) => scenario.asPrinted(stack, command);

  it("finds a unit that is stopped, and says what starts it", async () => {
    await scenario.lab.on("worker-0", `systemctl stop ${unit}`);
    const { report } = await verified(stack);
    const stopped = found(report).find(({ subject }) => subject === "unit");
    assert.equal(stopped?.kind, "persistence");
    await fixed(stopped?.fix ?? "", "worker-0");
    const after = await verified(stack);
    assert.deepEqual(reportFaults(after.report), []);
  });

  it("shows no command with the name of an interface that a shell would run", async () => {
    const name = ";reboot;";
    const { lab } = scenario;
    const all = [
      `ip link add name '${name}' type bridge`,
      `ip link set '${name}' up`,
      `ip route add 10.200.1.0/25 dev '${name}'`,
      `ip route add 10.200.9.0/24 dev '${name}' proto 173`,
      `echo 1 > '/proc/sys/net/ipv4/conf/${name}/rp_filter'`,
    ];
    await lab.on("worker-0", all.join(" && "));
    const { code, report } = await verified(stack);
    assert.equal(code, 1);
    const findings = found(report);
    const said = findings.map(({ kind, subject }) => `${kind} ${subject}`);
    assert.deepEqual(said.sort(), [
      "foreign 10.200.1.0/25",
      `rp_filter ${name}`,
      "stale 10.200.9.0/24",
    ]);
    for (const { fix = "" } of findings) {
      assert.match(fix, /by hand/);
      assert.doesNotMatch(fix, /reboot|ssh /);
    }
    await lab.on("worker-0", `ip link del '${name}'`);
    assert.deepEqual(reportFaults((await verified(stack)).report), []);
  });

  it("takes no network that an ordinary user made for that of a pod", async () => {
    const { lab } = scenario;
    const fake =
      "ip address add 10.200.2.1/32 dev lo; ip link set lo up; echo $$ > /tmp/fake; exec sleep 600";
    const asGuest = "setpriv --reuid 1001 --regid 1001 --clear-groups";
    await lab.on(
      "worker-2",
      `${asGuest} unshare --user --map-root-user --net sh -c '${fake}' >/dev/null 2>&1 & until [ -s /tmp/fake ]; do sleep 0.1; done`,
    );
    const addresses = `nsenter --net=/proc/$(cat /tmp/fake)/ns/net ip -o address show scope global`;
    assert.match(await lab.on("worker-2", addresses), /10\.200\.2\.1/);
    const { report } = await verified(stack);
    const ends = report.pings.ends.map(({ address }) => address);
    assert.ok(ends.includes("10.200.2.2"), String(ends));
    assert.ok(!ends.includes("10.200.2.1"), String(ends));
    await lab.on("worker-2", "kill $(cat /tmp/fake); rm /tmp/fake");
  });

  it("notes a strict rp_filter, which is no fault", async () => {
    await scenario.lab.on(
      "worker-0",
      "echo 1 > /proc/sys/net/ipv4/conf/eth0/rp_filter",
    );
    const { code, report } = await verified(stack);
    assert.equal(code, 0);
    const [note, ...others] = found(report);
    assert.deepEqual(
      [note?.severity, note?.kind, note?.subject],
      ["note", "rp_filter", "eth0"],
    );
    assert.deepEqual(others, []);
    await asPrinted(note?.fix ?? "");
    const after = await verified(stack);
    assert.deepEqual(found(after.report), []);
  });

  it("prints all of it for people", async () => {
    await scenario.lab.on("worker-0", "ip route del 10.200.2.0/24");
    const { code, stdout } = await verify(stack);
    assert.equal(code, 1);
    const text = stdout.split("\n");
    assert.ok(text.includes("server (10.240.0.10): 3 routes, ok"), stdout);
    assert.ok(text.includes("worker-0 (10.240.0.20): 2 routes, 1 FAULT"));
    assert.ok(
      text.includes("Pings from pod to pod: 4 of 6 answered") &&
        text.includes("  worker-1  ok        -         ok"),
      stdout,
    );
    assert.match(stdout, /1 fault, pings without an answer: 2\n$/);
    await scenario.lab.on("worker-0", `systemctl restart ${unit}`);
  });

  it("has a row for a host that is dead", async () => {
    await scenario.lab.kill("worker-2");
    const { code, report } = await verified(stack);
    assert.equal(code, 1);
    assert.deepEqual(reportFaults(report), ["worker-2: unreachable"]);
    assert.deepEqual(
      report.pings.left.map(({ node }) => node),
      ["worker-2"],
    );
    assert.equal(report.pings.sent, 2);
    assert.deepEqual(report.pings.failed, []);
  });

  it("says so if there is nothing to look at", async () => {
    const empty = await scenario.stack("empty", { nodes });
    const { code, stdout, stderr } = await verify(empty, "--json");
    assert.deepEqual([code, stdout], [2, ""]);
    assert.equal(
      stderr,
      `stack empty holds no pod network routes; make them: pulumi up --stack empty --config-file ${empty.configFile}\n`,
    );
  });
});
