import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { run } from "../../lab/exec.ts";
import { up, verified } from "../stacks.ts";
import { plainHosts, Scenario } from "./scenario.ts";

describe("a route that is gone from a host without systemd", () => {
  const scenario = new Scenario(() =>
    plainHosts("10.240.0", { "worker-0": 20, "worker-1": 21, "worker-2": 22 }),
  );
  const nodes = [0, 1, 2].map((i) => ({
    name: `worker-${i}`,
    internalIp: `10.240.0.${20 + i}`,
    podCidrs: [`10.200.${i}.0/24`],
  }));

  it("is not seen by preview and refresh, but by verify, whose command fixes this host and touches nothing else", async () => {
    const { lab } = scenario;
    for (const { name, podCidrs } of nodes) {
      await lab.addPod(name, podCidrs);
    }
    const stack = await scenario.stack("drift", { nodes });
    await up(stack);
    const before = await scenario.allRoutes("worker-0");
    await lab.on("worker-0", "ip route del 10.200.1.0/24");
    await stack.must(["preview", "--expect-no-changes"]);
    await stack.must(["refresh", "--yes", "--expect-no-changes"]);

    const { code, report } = await verified(stack);
    assert.equal(code, 1);
    const faults = report.hosts.flatMap(({ node, findings }) =>
      findings
        .filter(({ severity }) => severity === "fault")
        .map(({ kind, subject, fix = "" }) => ({ node, kind, subject, fix })),
    );
    assert.deepEqual(
      faults.map(({ node, kind, subject }) => `${node} ${kind} ${subject}`),
      ["worker-0 missing 10.200.1.0/24"],
    );

    const hosts = nodes.map(({ name }) => name);
    for (const host of hosts) {
      await lab.on(
        host,
        "ip monitor route >/tmp/seen 2>&1 & echo $! >/tmp/monitor",
      );
    }
    const [program = "", ...args] = stack.inside([
      "sh",
      "-c",
      faults[0]?.fix ?? "false",
    ]);
    const env = stack.environment();
    // what users would answer on a terminal
    const answers = { PULUMI_SKIP_CONFIRMATIONS: "true" };
    await run(program, args, {
      cwd: stack.project,
      env: { ...env, ...answers },
    });
    const seen = await Promise.all(
      hosts.map((host) =>
        lab.on(
          host,
          "kill $(cat /tmp/monitor); cat /tmp/seen; rm /tmp/seen /tmp/monitor",
        ),
      ),
    );
    const ofPods = seen.map((text) =>
      text.split("\n").filter((line) => line.includes("10.200.")),
    );
    assert.deepEqual(
      ofPods.map((lines) => lines.map((line) => line.trim())),
      [["10.200.1.0/24 via 10.240.0.21 dev eth0 proto 173"], [], []],
    );
    assert.deepEqual(await scenario.allRoutes("worker-0"), before);
    await stack.must(["preview", "--expect-no-changes"]);
    assert.equal((await verified(stack)).code, 0);
  });
});
