import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import { until } from "../../lab/exec.ts";
import { descendants, killNow } from "../../lab/processes.ts";
import type { Stack } from "../../lab/stack.ts";
import { blocksRunBy } from "../readmeBlocks.ts";
import { up } from "../stacks.ts";
import { assertSame, plainHosts, Scenario } from "./scenario.ts";

const hosts = { "worker-0": 20, "worker-1": 21, "worker-2": 22 };
const nodes = Object.entries(hosts).map(([name, last], i) => ({
  name,
  internalIp: `10.240.0.${last}`,
  podCidrs: [`10.200.${i}.0/24`],
}));

describe("a stack whose state is written once, at the end of a run", () => {
  const scenario = new Scenario(() => plainHosts("10.240.0", hosts));

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
    for (const host of Object.keys(hosts)) {
      assert.equal((await scenario.table(host)).length, 2, host);
    }
    await stack.must(["destroy", "--yes", "--skip-preview"]);
    await scenario.lab.on("worker-2", "rm /run/go");
    const after = await everywhere();
    after.forEach((host, i) => {
      assertSame(host, before[i] ?? "");
    });
  });

  function everywhere(): Promise<string[]> {
    return Promise.all(
      Object.keys(hosts).map((host) => scenario.everything(host)),
    );
  }
});

/** Begins an `up` and kills it, and all that it has started, as soon as it has come so far. */
async function killedOnce(stack: Stack, far: () => Promise<boolean>) {
  const [command = "", ...args] = stack.command([
    "up",
    "--yes",
    "--skip-preview",
  ]);
  const running = spawn(command, args, {
    cwd: stack.project,
    env: stack.environment(),
    stdio: "ignore",
  });
  const ended = once(running, "exit");
  await until("the first hosts have routes", async () =>
    (await far()) ? true : undefined,
  );
  const pid = running.pid ?? 0;
  for (const each of [pid, ...descendants(pid)]) {
    killNow(each);
  }
  assert.deepEqual(await ended, [null, "SIGKILL"]);
}
