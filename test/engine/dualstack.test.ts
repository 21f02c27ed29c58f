import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { up, verified } from "../stacks.ts";
import { Scenario, type TestNode } from "./scenario.ts";

const nodes: TestNode[] = [0, 1, 2].map((i) => ({
  name: `worker-${i}`,
  internalIp: [`10.240.0.${20 + i}`, `fd00:240::${20 + i}`],
  podCidrs: [
    `10.200.${i}.0/24`,
    i === 0 ? "fd00:200::/64" : `fd00:200:0:${i}::/64`,
  ],
}));

describe("a dual-stack cluster", () => {
  const scenario = new Scenario(
    nodes.map(({ name, internalIp }) => ({
      name,
      addresses: [`${internalIp[0]}/24`, `${internalIp[1]}/64`],
      kind: "plain",
    })),
  );

  it("routes both families, and forwards both", async () => {
    for (const { name, podCidrs = [] } of nodes) {
      await scenario.lab.addPod(name, podCidrs);
    }
    const stack = await scenario.stack("dual", { nodes });
    await up(stack);
    assert.deepEqual(await scenario.table("worker-1"), [
      "10.200.0.0/24 via 10.240.0.20 dev eth0",
      "10.200.2.0/24 via 10.240.0.22 dev eth0",
      "fd00:200::/64 via fd00:240::20 dev eth0 metric 1024 pref medium",
      "fd00:200:0:2::/64 via fd00:240::22 dev eth0 metric 1024 pref medium",
    ]);
    const ipv6 = "/proc/sys/net/ipv6/conf/all/forwarding";
    const both = `cat /proc/sys/net/ipv4/ip_forward ${ipv6}`;
    assert.equal(await scenario.lab.on("worker-1", both), "1\n1\n");
    await scenario.assertPodsReachEachOther();
    const { code, report } = await verified(stack);
    assert.equal(code, 0, JSON.stringify(report));
    const { sent, failed } = report.pings;
    assert.deepEqual({ sent, failed }, { sent: 12, failed: [] });
    await stack.must(["destroy", "--yes", "--skip-preview"]);
    assert.deepEqual(await scenario.table("worker-1"), []);
    assert.equal(await scenario.lab.on("worker-1", `cat ${ipv6}`), "0\n");
  });
});
