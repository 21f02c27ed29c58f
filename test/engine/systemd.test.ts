import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { until } from "../../lab/exec.ts";
import { root } from "../../lab/paths.ts";
import type { Stack } from "../../lab/stack.ts";
import { lines, up } from "../stacks.ts";
import {
  assertSame,
  Scenario,
  worker,
  workerHosts,
  workers,
} from "./scenario.ts";

const nodes = workers(2);
const unit = "pod-routes-pod-network-routes.systemd.routes.service";
const route = "10.200.1.0/24 via 10.240.0.21 dev eth0";
const forwarding = "cat /proc/sys/net/ipv4/ip_forward";
const mainPid = `systemctl show -p MainPID --value ${unit}`;

describe("on hosts with systemd", () => {
  const scenario = new Scenario(workerHosts(2, "systemd"));
  const onWorker0 = (command: string) => scenario.lab.on("worker-0", command);
  let stack: Stack;
  let fresh: string;

  const back = (seconds: number) =>
    until(
      "the route is back",
      async () =>
        (await scenario.table("worker-0")).includes(route) ? true : undefined,
      seconds,
    );

  before(async () => {
    fresh = await settled(scenario);
    stack = await scenario.stack("systemd", { nodes, healInterval: 2 });
    await up(stack);
  });

  it("the routes are kept by a unit that is enabled and active", async () => {
    assert.deepEqual(await stack.output("persistence"), {
      "worker-0": "systemd",
      "worker-1": "systemd",
    });
    assert.equal(
      await onWorker0(
        `systemctl is-enabled ${unit}; systemctl is-active ${unit}`,
      ),
      "enabled\nactive\n",
    );
    assert.deepEqual(await scenario.table("worker-0"), [route]);
  });

  it("the unit is confined, as far as docs/hosts.md says", async () => {
    const said = await onWorker0(
      `systemd-analyze security --no-pager ${unit} | tail -n 1`,
    );
    const [, level] = /exposure level for \S+: ([\d.]+) /.exec(said) ?? [];
    const docs = readFileSync(join(root, "docs/hosts.md"), "utf8");
    const stated = `\`systemd-analyze security\` gives it ${level},`;
    assert.ok(docs.includes(stated), said);
  });

  it("the unit can write nothing but the two switches of forwarding", async () => {
    const sandbox = `nsenter -t $(${mainPid}) -m setpriv --bounding-set -all,+net_admin --inh-caps -all sh -c`;
    const opened = async (path: string, within: string) => {
      const write = `${within} 'true >>${path}' 2>/dev/null`;
      return (await onWorker0(`${write} && echo yes || echo no`)).trim();
    };
    const record = `/var/lib/pod-network-routes/${unit.slice(11, -8)}`;
    const paths = [
      `${record}/routes`,
      `${record}/hostPodRoutes.sh`,
      "/proc/sys/net/ipv4/conf/all/log_martians",
      "/sys/x",
      "/dev/x",
      "/run/lock/x",
      "/dev/shm/x",
      "/dev/mqueue/x",
      "/etc/hosts",
      "/run/x",
      "/usr/x",
      "/root/x",
      "/var/lib/x",
    ];
    for (const path of paths) {
      assert.equal(await opened(path, sandbox), "no", path);
    }
    const { 2: writable = "" } = paths;
    assert.equal(await opened(writable, "sh -c"), "yes", "the test can fail");
    for (const path of ["ipv4/ip_forward", "ipv6/conf/all/forwarding"]) {
      assert.equal(await opened(`/proc/sys/net/${path}`, sandbox), "yes", path);
    }
    const mounts = await onWorker0(`${sandbox} 'cat /proc/self/mountinfo'`);
    for (const path of ["/proc/sys", "/sys", "/"]) {
      const [, options] =
        new RegExp(`^\\S+ \\S+ \\S+ \\S+ ${path} (\\S+)`, "m").exec(mounts) ??
        [];
      assert.match(options ?? "", /^ro\b/, path);
    }
  });

  it("a deleted route is back within the healing interval, and so is forwarding", async () => {
    await onWorker0(
      "ip route del 10.200.1.0/24; echo 0 > /proc/sys/net/ipv4/ip_forward",
    );
    await back(10);
    assert.equal(await onWorker0(forwarding), "1\n");
  });

  it("a route of ours with a wrong next hop is corrected", async () => {
    await onWorker0("ip route replace 10.200.1.0/24 via 10.240.0.1 proto 173");
    await back(10);
  });

  it("the routes are there after a restart of networkd", async () => {
    await onWorker0("systemctl restart systemd-networkd");
    await back(10);
  });

  it("the routes are back after networkd has deleted what it does not know, as netplan apply makes it do", async () => {
    await onWorker0("ip route add 192.0.2.0/24 via 10.240.0.1 proto 99");
    await onWorker0("networkctl reconfigure eth0");
    await until("networkd has deleted foreign routes", async () => {
      const routes = await onWorker0("ip route");
      return routes.includes("192.0.2.0/24") ? undefined : true;
    });
    await back(10);
  });

  it("the routes, forwarding and the unit are back after a reboot", async () => {
    await scenario.lab.reboot("worker-0");
    await back(30);
    assert.equal(await onWorker0(forwarding), "1\n");
    await scenario.lab.addPod("worker-0", ["10.200.0.0/24"]);
    await scenario.lab.addPod("worker-1", ["10.200.1.0/24"]);
    await scenario.assertPodsReachEachOther();
  });

  it("stopping the unit removes the routes, starting it brings them back", async () => {
    await onWorker0(`systemctl stop ${unit}`);
    assert.deepEqual(await scenario.table("worker-0"), []);
    await onWorker0(`systemctl start ${unit}`);
    await back(10);
  });

  it("twenty restarts of the unit lose no packet", async () => {
    const restarts = `for i in $(seq 20); do systemctl restart ${unit} || exit; done`;
    await scenario.losesNoPacket("worker-0", "10.200.1.2", () =>
      onWorker0(restarts),
    );
  });

  it("a crash of the unit leaves the routes alone", async () => {
    const before = await onWorker0(mainPid);
    const monitor = onWorker0("timeout 5 ip monitor route || true");
    await onWorker0(`kill -9 ${before}`);
    await until("systemd has started it again", async () => {
      const now = await onWorker0(mainPid);
      return now === before || now.trim() === "0" ? undefined : true;
    });
    assert.doesNotMatch(await monitor, /10\.200/);
  });

  it("a unit of another version is replaced by the next update, and the routes stay", async () => {
    const file = `/etc/systemd/system/${unit}`;
    const capabilities = `grep CapBnd /proc/$(${mainPid})/status`;
    const confined = await onWorker0(capabilities);
    await onWorker0(
      `sed -i /CapabilityBoundingSet/d ${file}; systemctl daemon-reload; systemctl restart ${unit}`,
    );
    await back(10);
    const free = await onWorker0(capabilities);
    assert.notEqual(free, confined);
    const monitor = onWorker0("timeout 8 ip monitor route || true");
    scenario.configure(stack, { nodes, healInterval: 3 });
    await up(stack);
    await until("the unit is confined again", async () => {
      const now = await onWorker0(`${capabilities} || true`);
      return now === confined ? true : undefined;
    });
    assert.doesNotMatch(await monitor, /10\.200/);
  });

  it("an update loses no packet, and the journal has no line for each look", async () => {
    const third = worker(2, { cidr: 9, last: 99 });
    await scenario.losesNoPacket("worker-0", "10.200.1.2", async () => {
      await scenario.lab.add({
        name: "worker-2",
        addresses: ["10.240.0.99/24"],
        kind: "plain",
      });
      scenario.trustHosts();
      scenario.configure(stack, { nodes: [...nodes, third], healInterval: 1 });
      await up(stack);
    });
    const journal = await scenario.lab.on(
      "worker-1",
      `journalctl -b -u ${unit} -o cat`,
    );
    assert.ok(lines(journal).length < 10, journal);
  });

  it("a user without root cannot hold up a change, the healing or a destroy with a lock", async () => {
    const held = await onWorker0(holdLocks);
    // a user may lock this file, because every user may read it; the test is that no script waits for the lock
    assert.match(held, /^\/run\/pod-network-routes$/m);
    assert.doesNotMatch(held, /^\/var\/lib\/pod-network-routes$/m);
    scenario.configure(stack, { nodes, healInterval: 2 });
    await up(stack);
    await onWorker0("ip route del 10.200.1.0/24");
    await back(10);
  });

  it("destroy takes the unit and everything else away", async () => {
    await scenario.lab.removePod("worker-0");
    await stack.must(["destroy", "--yes", "--skip-preview"]);
    await onWorker0("pkill -u nobody");
    assertSame(await settled(scenario), fresh);
  });
});

/** Runs as the user `nobody`, takes every lock that this user can get until it ends, and prints which these are. */
const holdLocks = `
find /run/pod-network-routes /var/lib/pod-network-routes /etc/hosts /etc/systemd/system /etc/sysctl.d |
while read -r path; do
	held=$(setpriv --reuid=nobody --regid=nogroup --clear-groups \
		flock --no-fork -n "$path" sh -c 'echo "$0"; exec sleep 1000 <&- >&- 2>&-' "$path" 2>/dev/null &)
	[ -z "$held" ] || echo "$held"
done`;

/** What {@link Scenario.everything} says, without what systemd itself writes as it runs. */
async function settled(scenario: Scenario): Promise<string> {
  await scenario.lab.booted("worker-0");
  const all = await scenario.everything("worker-0");
  const own =
    /\/var\/lib\/(systemd|private|dbus)|\/tmp\/systemd|\/etc\/(machine-id|resolv\.conf)/;
  return all
    .split("\n")
    .filter((line) => !own.test(line))
    .join("\n");
}
