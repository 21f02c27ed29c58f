import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Stack } from "../../lab/stack.ts";
import { lines, up, upFails } from "../stacks.ts";
import {
  assertSame,
  plainHosts,
  Scenario,
  type TestNode,
  workerHosts,
  workers,
} from "./scenario.ts";

const hosts = [
  ...plainHosts("10.240.0", { "controller-0": 10 }),
  ...workerHosts(2),
];
const forwarding = "cat /proc/sys/net/ipv4/ip_forward";

function cluster(net: number): TestNode[] {
  return [
    { name: "controller-0", internalIp: "10.240.0.10" },
    ...workers(2, net),
  ];
}

describe("what is not ours on a host", () => {
  const scenario = new Scenario(hosts);

  it("survives up, update and destroy byte for byte, and destroy restores the host", async () => {
    const foreign = [
      "ip route add 192.0.2.0/24 via 10.240.0.1",
      "ip route add 10.200.0.0/16 via 10.240.0.1 metric 50",
      "ip route add 10.200.1.128/25 via 10.240.0.1 proto static",
      "ip route add 198.51.100.0/24 via 10.240.0.1 proto 173",
      "ip route add 10.200.1.0/24 via 10.240.0.1 table 100",
      "ip route add 10.201.1.0/24 via 10.240.0.1 proto 173 table 511",
      "ip route add 10.200.0.0/24 via 10.240.0.20 proto 173 table 100",
      "ip -6 route add 2001:db8::/64 via fd00:240::1 2>/dev/null",
      "printf '10.9.9.9 somebody # kept\\n\\n# no newline at the end' >> /etc/hosts",
      "mkdir -p /etc/sysctl.d; echo 'net.ipv4.conf.all.log_martians = 1' > /etc/sysctl.d/50-theirs.conf",
    ];
    await scenario.lab.on("controller-0", foreign.join("; "));
    const before = await scenario.everything("controller-0");
    const worker = await scenario.everything("worker-0");
    const theirs = (text: string) =>
      lines(text).filter(
        (line) => !line.includes("proto 173") || line.startsWith("198.51"),
      );

    const stack = await scenario.stack("foreign", { nodes: cluster(200) });
    await up(stack);
    assert.equal(await scenario.lab.on("controller-0", forwarding), "1\n");
    const routes = await scenario.lab.on("controller-0", "ip route");
    assert.match(routes, /^10\.200\.0\.0\/24 via 10\.240\.0\.20 .*173/m);
    assert.match(routes, /^10\.200\.1\.0\/24 via 10\.240\.0\.21 .*173/m);
    assert.deepEqual(theirs(routes), [
      "10.200.0.0/16 via 10.240.0.1 dev eth0 metric 50",
      "10.200.1.128/25 via 10.240.0.1 dev eth0 proto static",
      "10.240.0.0/24 dev eth0 proto kernel scope link src 10.240.0.10",
      "192.0.2.0/24 via 10.240.0.1 dev eth0",
      "198.51.100.0/24 via 10.240.0.1 dev eth0 proto 173",
    ]);
    scenario.configure(stack, { nodes: cluster(201) });
    await up(stack);
    assert.match(
      await scenario.lab.on("controller-0", "cat /etc/hosts"),
      /^10\.9\.9\.9 somebody # kept\n\n# no newline at the end\n# BEGIN/m,
    );
    await stack.must(["destroy", "--yes", "--skip-preview"]);
    assertSame(await scenario.everything("controller-0"), before);
    assertSame(await scenario.everything("worker-0"), worker);
  });

  it("is named where a route of ours must be, and nothing on that host is touched", async () => {
    const inTheWay = {
      "worker-0": "10.210.1.0/24 via 10.240.0.1",
      "worker-1": "10.210.0.0/24 dev eth0 metric 7 proto static",
    };
    for (const [worker, route] of Object.entries(inTheWay)) {
      await scenario.lab.on(worker, `ip route add ${route}`);
    }
    const worker0 = await scenario.everything("worker-0");
    const worker1 = await scenario.everything("worker-1");
    const stack = await scenario.stack("in-the-way", { nodes: cluster(210) });
    const output = await upFails(stack);
    assert.match(
      output,
      /10\.210\.1\.0\/24 via 10\.240\.0\.1 dev eth0 proto boot is there already .* ip route del 10\.210\.1\.0\/24 via 10\.240\.0\.1 dev eth0 proto boot/,
    );
    assert.match(
      output,
      /10\.210\.0\.0\/24 dev eth0 metric 7 proto static is there already/,
    );
    assertSame(await scenario.everything("worker-0"), worker0);
    assertSame(await scenario.everything("worker-1"), worker1);

    // each printed command does what it says, as it stands
    for (const [worker, printed] of [
      ["worker-0", /ip route del 10\.210\.1\.0.*? proto boot/],
      ["worker-1", /ip route del 10\.210\.0\.0.*? proto static/],
    ] as const) {
      const [command = "none is printed"] = printed.exec(output) ?? [];
      await scenario.lab.on(worker, command);
      const left = await scenario.lab.on(worker, "ip route");
      assert.doesNotMatch(left, /10\.210\.[01]\.0/);
      await scenario.lab.on(worker, `ip route add ${inTheWay[worker]}`);
    }

    scenario.configure(stack, { nodes: cluster(210), adoptExisting: true });
    await up(stack);
    assert.deepEqual(await scenario.table("worker-0"), [
      "10.210.1.0/24 via 10.240.0.21 dev eth0",
    ]);
    assert.deepEqual(await scenario.table("worker-1"), [
      "10.210.0.0/24 via 10.240.0.20 dev eth0",
    ]);
    assert.doesNotMatch(
      await scenario.lab.on("worker-1", "ip route"),
      /metric 7/,
    );
    await stack.must(["destroy", "--yes", "--skip-preview"]);
  });

  it("is in no command where its interface has a name that could be one", async () => {
    await scenario.lab.on(
      "worker-0",
      "ip link add name ';reboot;' type bridge; ip link set ';reboot;' up; ip route add 10.213.1.0/24 dev ';reboot;' metric 5 proto static",
    );
    for (const adoptExisting of [false, true]) {
      const stack = await scenario.stack(`odd-name-${adoptExisting}`, {
        nodes: cluster(213),
        adoptExisting,
      });
      const output = await upFails(stack);
      assert.match(output, /10\.213\.1\.0\/24 has a route over an interface/);
      assert.ok(!output.includes("reboot"), output);
      await stack.must(["destroy", "--yes", "--skip-preview"]);
    }
    await scenario.lab.on("worker-0", "ip link del ';reboot;'");
  });

  it("is never taken over where it is a network of the host itself", async () => {
    await scenario.lab.addPod("worker-0", ["10.211.1.0/24"]);
    const stack = await scenario.stack("own-network", {
      nodes: cluster(211),
      adoptExisting: true,
    });
    assert.match(
      await upFails(stack),
      /10\.211\.1\.0\/24 dev cni0 proto kernel is a network of this host itself/,
    );
    assert.match(
      await scenario.lab.on("worker-0", "ip route"),
      /10\.211\.1\.0\/24 dev cni0 proto kernel/,
    );
    await scenario.lab.removePod("worker-0");
    await stack.must(["destroy", "--yes", "--skip-preview"]);
  });
});

describe("two stacks on the same hosts", () => {
  const scenario = new Scenario(hosts);

  it("keep their own routes and names, whatever the other does", async () => {
    const before = await scenario.everything("controller-0");
    const one = await scenario.stack("one", { nodes: cluster(220) });
    const two = await scenario.stack("two", { nodes: cluster(221) });
    await up(one);
    await up(two);
    const of = (net: number) => [
      `10.${net}.0.0/24 via 10.240.0.20 dev eth0`,
      `10.${net}.1.0/24 via 10.240.0.21 dev eth0`,
    ];
    assert.deepEqual(await scenario.table("controller-0"), [
      ...of(220),
      ...of(221),
    ]);

    scenario.configure(one, { nodes: cluster(222) });
    await up(one);
    assert.deepEqual(await scenario.table("controller-0"), [
      ...of(221),
      ...of(222),
    ]);

    scenario.configure(one, { nodes: cluster(221) });
    const taken = await upFails(one);
    assert.match(
      taken,
      /10\.221\.0\.0\/24 is routed on this host by pod-network-routes\.two\.routes; remove it there first/,
    );

    await one.must(["destroy", "--yes", "--skip-preview"]);
    assert.deepEqual(await scenario.table("controller-0"), of(221));
    assert.equal(await scenario.lab.on("controller-0", forwarding), "1\n");
    assert.match(
      await scenario.lab.on("controller-0", "cat /etc/hosts"),
      /# BEGIN pod-network-routes pod-network-routes\.two\.routes\n/,
    );
    await two.must(["destroy", "--yes", "--skip-preview"]);
    assertSame(await scenario.everything("controller-0"), before);
  });

  it("have one owner after the command in the message, where the state of the first was lost", async () => {
    const before = await scenario.everything("controller-0");
    const lost = await scenario.stack("lost", { nodes: cluster(223) });
    await up(lost);
    const again = await scenario.stack("again", { nodes: cluster(223) });
    const [, command = ""] =
      /10\.223\.0\.0\/24 is routed on this host .*: pulumi (config set owner \S+)$/m.exec(
        await upFails(again),
      ) ?? [];
    await again.must(command.split(" "));
    await up(again);
    await again.must(["destroy", "--yes", "--skip-preview"]);
    assertSame(await scenario.everything("controller-0"), before);
  });
});

describe("a block of /etc/hosts whose end somebody removed", () => {
  const scenario = new Scenario(hosts);

  it("is refused, and no line of anybody is touched", async () => {
    const stack = await scenario.stack("damaged", { nodes: cluster(241) });
    await up(stack);
    await scenario.lab.on(
      "controller-0",
      "cp -a /etc/hosts /root/hosts; sed -i '/^# END/d' /etc/hosts; echo 10.9.9.9 somebody >> /etc/hosts",
    );
    const before = await scenario.everything("controller-0");
    const [controller, worker, other] = cluster(241);
    const renamed = { ...worker, name: "worker-9" } as TestNode;
    const nodes = [controller, renamed, other];
    scenario.configure(stack, { nodes });
    assert.match(
      await upFails(stack),
      /\/etc\/hosts: the block of .* has no '# END/,
    );
    assertSame(await scenario.everything("controller-0"), before);

    await scenario.lab.on("controller-0", "mv /root/hosts /etc/hosts");
    await up(stack);
    assert.match(
      await scenario.lab.on("controller-0", "cat /etc/hosts"),
      /10\.240\.0\.20 worker-9/,
    );
  });
});

describe("a host without the means", () => {
  const scenario = new Scenario(hosts);

  it("is refused by a user who may not become root, and says so", async () => {
    const stack = await scenario.stack("guest", {
      nodes: cluster(230),
      ssh: { ...scenario.ssh, user: "guest" },
    });
    assert.match(await upFails(stack), /sudo: a password is required/);
  });

  let stack: Stack;

  it("warns that its routes do not last where there is no systemd", async () => {
    stack = await scenario.stack("plain", { nodes: cluster(230) });
    assert.match(
      await up(stack),
      /without systemd: controller-0, worker-0, worker-1;/,
    );
    assert.deepEqual(await stack.output("persistence"), {
      "controller-0": "none",
      "worker-0": "none",
      "worker-1": "none",
    });
  });

  it("gets back what it lost by any change, of healInterval for example", async () => {
    const routes = await scenario.table("worker-0");
    await scenario.lab.on("worker-0", "ip route flush proto 173");
    assert.match(await up(stack), /\d unchanged/);
    assert.deepEqual(await scenario.table("worker-0"), []);
    scenario.configure(stack, { nodes: cluster(230), healInterval: 11 });
    await up(stack);
    assert.deepEqual(await scenario.table("worker-0"), routes);
  });
});
