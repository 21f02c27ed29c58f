import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { until } from "../../lab/exec.ts";
import { example, lines, up } from "../stacks.ts";
import { plainHosts, Scenario } from "./scenario.ts";

describe("seed 000: routes between three workers, names on three controllers", () => {
  const controllers = {
    "controller-0": 3,
    "controller-1": 4,
    "controller-2": 5,
  };
  const workers = { "worker-0": 6, "worker-1": 7, "worker-2": 8 };
  const scenario = new Scenario(
    plainHosts("10.240.0", { ...controllers, ...workers }),
  );

  it("leaves every host as the guide does", async () => {
    for (const i of [0, 1, 2]) {
      await scenario.lab.addPod(`worker-${i}`, [`10.200.${i}.0/24`]);
    }
    const config = example("000-worker-routes.yaml");
    const stack = await scenario.stack("seed-000", config);
    await up(stack);

    const routes = [0, 1, 2].map(
      (i) => `10.200.${i}.0/24 via 10.240.0.${6 + i}`,
    );
    for (const i of [0, 1, 2]) {
      const wanted = routes
        .filter((_, j) => j !== i)
        .map((route) => `${route} dev eth0`);
      assert.deepEqual(await scenario.table(`worker-${i}`), wanted);
      assert.deepEqual(
        await scenario.allRoutes(`worker-${i}`),
        wanted.map((route) => `${route} proto 173`),
      );
    }
    for (const controller of Object.keys(controllers)) {
      assert.deepEqual(await scenario.table(controller), []);
      const hosts = lines(await scenario.lab.on(controller, "cat /etc/hosts"));
      const block = hosts.slice(
        hosts.findIndex((line) => line.startsWith("# BEGIN")) + 1,
        -1,
      );
      assert.deepEqual(block, [
        "10.240.0.6 worker-0",
        "10.240.0.7 worker-1",
        "10.240.0.8 worker-2",
      ]);
      const getent = "getent hosts worker-1";
      const resolved = await scenario.lab.on(controller, getent);
      assert.match(resolved, /^10\.240\.0\.7\s+worker-1$/m);
    }
    await scenario.assertPodsReachEachOther();
    assert.equal(
      await stack.output("routeTableText"),
      routes.map((route, i) => `${route} # worker-${i}`).join("\n"),
    );
  });
});

describe("seed 002: the machines of machines.txt", () => {
  const machines = { server: 33, "node-0": 34, "node-1": 136 };
  const scenario = new Scenario(plainHosts("198.19.249", machines, "ens160"), [
    "198.19.249.1/24",
  ]);

  it("leaves every host as the guide does", async () => {
    await scenario.lab.addPod("node-0", ["10.200.0.0/24"]);
    await scenario.lab.addPod("node-1", ["10.200.1.0/24"]);
    const config = example("002-machines-file.yaml");
    const stack = await scenario.stack("seed-002", config);
    await up(stack);

    const toNode0 = "10.200.0.0/24 via 198.19.249.34 dev ens160";
    const toNode1 = "10.200.1.0/24 via 198.19.249.136 dev ens160";
    assert.deepEqual(await scenario.table("server"), [toNode0, toNode1]);
    assert.deepEqual(await scenario.table("node-0"), [toNode1]);
    assert.deepEqual(await scenario.table("node-1"), [toNode0]);
    const listed = lines(await scenario.lab.on("server", "ip route"));
    assert.deepEqual(listed, [
      `${toNode0} proto 173`,
      `${toNode1} proto 173`,
      "198.19.249.0/24 dev ens160 proto kernel scope link src 198.19.249.33",
    ]);
    await scenario.assertPodsReachEachOther();
  });
});

describe("seed 003: the workaround for clouds that do not route", () => {
  const controllers = [0, 1, 2].map((i) => `controller-${i}`);
  const workers = [0, 1, 2].map((i) => `worker-${i}`);
  const hosts = [...controllers, ...workers];
  const scenario = new Scenario(
    hosts.map((name, i) => ({
      name,
      addresses: [`10.240.0.${i < 3 ? 10 + i : 17 + i}/24`],
      kind: "systemd",
    })),
  );

  it("leaves every host as the guide does, with its service enabled and active", async () => {
    for (const i of [0, 1, 2]) {
      await scenario.lab.addPod(`worker-${i}`, [`10.200.${i}.0/24`]);
    }
    const config = example("003-workaround.yaml");
    const stack = await scenario.stack("seed-003", config);
    await up(stack);

    const routes = [0, 1, 2].map(
      (i) => `10.200.${i}.0/24 via 10.240.0.2${i} dev eth0`,
    );
    const unit = "pod-routes-pod-network-routes.seed-003.routes.service";
    for (const host of hosts) {
      const own = workers.indexOf(host);
      const wanted = routes.filter((_, i) => i !== own);
      assert.deepEqual(await scenario.table(host), wanted);
      const state = `systemctl is-enabled ${unit}; systemctl is-active ${unit}; cat /proc/sys/net/ipv4/ip_forward`;
      const said = await scenario.lab.on(host, state);
      assert.equal(said, "enabled\nactive\n1\n");
    }
    assert.deepEqual(await scenario.table("worker-1"), [
      "10.200.0.0/24 via 10.240.0.20 dev eth0",
      "10.200.2.0/24 via 10.240.0.22 dev eth0",
    ]);
    await scenario.assertPodsReachEachOther();
    await scenario.lab.on("worker-1", `systemctl stop ${unit}`);
    assert.deepEqual(await scenario.table("worker-1"), []);
    await scenario.lab.on("worker-1", `systemctl start ${unit}`);
    await until("the routes are back", async () =>
      (await scenario.table("worker-1")).length === 2 ? true : undefined,
    );
  });
});
