import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Scenario, worker, workerHosts, workers } from "../engine/scenario.ts";

describe("random changes", () => {
  const scenario = new Scenario(workerHosts(4));

  it("lose no packet between two pods that they do not concern", async () => {
    const fixed = workers(2);
    const others = fc
      .tuple(
        fc.shuffledSubarray([2, 3]),
        fc.shuffledSubarray([2, 3, 4, 5], { minLength: 2 }),
        fc.boolean(),
      )
      .map(([names, cidrs, adopt]) => ({
        adoptExisting: adopt,
        nodes: [
          ...fixed,
          ...names.map((n, i) => worker(n, { cidr: cidrs[i] })),
        ],
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
