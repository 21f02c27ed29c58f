import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { lines, reportFaults, up, verified } from "../stacks.ts";
import { Scenario, workerHosts, workers } from "./scenario.ts";

describe("a route that is gone from a host without systemd", () => {
  const scenario = new Scenario(workerHosts(3));
  const nodes = workers(3);

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
    assert.deepEqual(reportFaults(report), ["worker-0: missing 10.200.1.0/24"]);
    const [{ fix = "false" } = {}] = report.hosts.flatMap(({ findings }) =>
      findings.filter(({ severity }) => severity === "fault"),
    );

    const hosts = nodes.map(({ name }) => name);
    for (const host of hosts) {
      await lab.on(
        host,
        "ip monitor route >/tmp/seen 2>&1 & echo $! >/tmp/monitor",
      );
    }
    await scenario.asPrinted(stack, fix);
    const seen = await Promise.all(
      hosts.map((host) =>
        lab.on(
          host,
          "kill $(cat /tmp/monitor); cat /tmp/seen; rm /tmp/seen /tmp/monitor",
        ),
      ),
    );
    assert.deepEqual(
      seen.map((text) => lines(text).filter((line) => /10\.200\./.test(line))),
      [["10.200.1.0/24 via 10.240.0.21 dev eth0 proto 173"], [], []],
    );
    assert.deepEqual(await scenario.allRoutes("worker-0"), before);
    await stack.must(["preview", "--expect-no-changes"]);
    assert.equal((await verified(stack)).code, 0);
  });
});
