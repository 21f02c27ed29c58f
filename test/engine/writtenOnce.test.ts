import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { until } from "../../lab/exec.ts";
import type { Stack } from "../../lab/stack.ts";
import { background, killAll } from "../background.ts";
import { blocksRunBy } from "../readmeBlocks.ts";
import { up } from "../stacks.ts";
import { assertSame, Scenario, workerHosts, workers } from "./scenario.ts";

const nodes = workers(3);

describe("a stack whose state is written once, at the end of a run", () => {
  const scenario = new Scenario(workerHosts(3));

  it("carries on after a run that was killed, and destroy leaves nothing", async () => {
    const before = await everywhere();
    const [block = ""] = blocksRunBy("test/engine/writtenOnce.test.ts");
    const [, name = "", value = ""] =
      /^(\w+)=(\w+) pulumi up$/m.exec(block) ?? [];
    const stack = await scenario.stack("once", { nodes }, { [name]: value });
    await scenario.lab.on(
      "worker-2",
      "mkdir -p /var/lib/pod-network-routes; flock /var/lib/pod-network-routes sh -c 'until [ -e /run/go ]; do sleep 0.1; done' >/dev/null 2>&1 &",
    );
    await killedOnce(stack, async () => {
      const tables = ["worker-0", "worker-1"].map((h) => scenario.table(h));
      return (await Promise.all(tables)).every(({ length }) => length === 2);
    });
    assert.doesNotMatch(await stack.must(["stack", "export"]), /worker-0/);

    await scenario.lab.on("worker-2", "touch /run/go");
    await stack.must(["cancel", "--yes"]);
    await up(stack);
    for (const { name } of nodes) {
      assert.equal((await scenario.table(name)).length, 2, name);
    }
    await stack.must(["destroy", "--yes", "--skip-preview"]);
    await scenario.lab.on("worker-2", "rm /run/go");
    const after = await everywhere();
    after.forEach((host, i) => {
      assertSame(host, before[i] ?? "");
    });
  });

  function everywhere(): Promise<string[]> {
    return Promise.all(nodes.map(({ name }) => scenario.everything(name)));
  }
});

/** Begins an `up`, and kills it as soon as it has come so far. */
async function killedOnce(stack: Stack, far: () => Promise<boolean>) {
  const { ended, pid } = background(stack, ["up", "--yes", "--skip-preview"]);
  await until("the first hosts have routes", async () =>
    (await far()) ? true : undefined,
  );
  killAll(pid);
  assert.deepEqual(await ended, [null, "SIGKILL"]);
}
