import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { plainHosts, Scenario, type TestNode } from "../engine/scenario.ts";

const address = (i: number) => `10.240.0.${20 + i}`;
const node = (i: number, cidr: number): TestNode => ({
  name: `worker-${i}`,
  internalIp: address(i),
  podCidrs: [`10.200.${cidr}.0/24`],
});

describe("random changes", () => {
  const hosts = [0, 1, 2, 3].map((i) => [`worker-${i}`, 20 + i]);
  const scenario = new Scenario(() =>
    plainHosts("10.240.0", Object.fromEntries(hosts)),
  );

  it("lose no packet between two pods that they do not concern", async () => {
    const fixed = [node(0, 0), node(1, 1)];
    const others = fc
      .tuple(
        fc.shuffledSubarray([2, 3]),
        fc.shuffledSubarray([2, 3, 4, 5], { minLength: 2 }),
        fc.boolean(),
      )
      .map(([names, cidrs, adopt]) => ({
        adoptExisting: adopt,
        nodes: [...fixed, ...names.map((n, i) => node(n, cidrs[i] ?? 0))],
      }));
    const stack = await scenario.stack("pings", { nodes: fixed });
    await stack.must(["up", "--yes", "--skip-preview"]);
    await scenario.lab.addPod("worker-0", ["10.200.0.0/24"]);
    await scenario.lab.addPod("worker-1", ["10.200.1.0/24"]);
    const there = scenario.lab.pinging("worker-0", "10.200.1.2");
    const back = scenario.lab.pinging("worker-1", "10.200.0.2");
    for (const config of fc.sample(others, { numRuns: 50, seed: 9 })) {
      scenario.configure(stack, config);
      await stack.must(["up", "--yes", "--skip-preview"]);
    }
    for (const { sent, received } of [await there(), await back()]) {
      assert.ok(sent > 1000, `only ${sent} packets were sent`);
      assert.equal(received, sent);
    }
  });
});
