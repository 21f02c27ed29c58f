import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Stack } from "../../lab/stack.ts";
import { up } from "../stacks.ts";
import { Scenario, worker, workerHosts, workers } from "./scenario.ts";

function route(network: number, i: number, last = 20 + i): string {
  return `10.${network}.${i}.0/24 via 10.240.0.${last} dev eth0`;
}

/** The command that the warning about a host that cannot be cleaned prints. Asserts that there is one such warning. */
function command(output: string, host: string): string {
  const [, diagnostics = ""] = output.split(/^Diagnostics:$/m);
  const said = diagnostics
    .split("\n")
    .filter((line) => line.includes(`cannot clean ${host}`));
  assert.equal(said.length, 1, output);
  const [, shown = ""] =
    /: (pulumi state delete .*)$/.exec(said[0] ?? "") ?? [];
  assert.notEqual(shown, "", said[0]);
  return shown;
}

describe("letting go", () => {
  const scenario = new Scenario(workerHosts(3));
  const routes = async (host: string, network: number) =>
    (await scenario.table(host)).filter((line) =>
      line.startsWith(`10.${network}.`),
    );
  /** Whether a host has a record of what this stack made on it. */
  const knows = async (host: string, stack: string) =>
    (await scenario.lab.on(host, "ls /var/lib/pod-network-routes || :"))
      .split("\n")
      .includes(`pod-network-routes.${stack}.routes`);

  describe("of a host that is taken out of the inventory while it is down", () => {
    const [worker0, worker1, worker2] = workers(3);
    let stack: Stack;

    it("is announced by a preview, which shows no change of that host", async () => {
      stack = await scenario.stack("down", {
        nodes: [worker0, worker1, worker2],
      });
      await up(stack);
      await scenario.lab.kill("worker-0");
      scenario.configure(stack, { nodes: [worker1, worker2] });
      command(await stack.must(["preview"]), "worker-0 (10.240.0.20)");
      assert.deepEqual(await scenario.plan(stack), {
        update: ["worker-1@10.240.0.21", "worker-2@10.240.0.22"],
      });
    });

    it("fails no up: the others are done, and the next up changes nothing", async () => {
      command(await up(stack), "worker-0 (10.240.0.20)");
      assert.deepEqual(await routes("worker-1", 200), [route(200, 2)]);
      assert.deepEqual(await routes("worker-2", 200), [route(200, 1)]);
    });

    it("loses nothing: the first up after the host is back cleans it", async () => {
      await scenario.lab.revive("worker-0");
      assert.equal(await knows("worker-0", "down"), true);
      assert.deepEqual(await scenario.plan(stack), {
        delete: ["worker-0@10.240.0.20"],
      });
      assert.match(await up(stack), /1 deleted/);
      assert.equal(await knows("worker-0", "down"), false);
    });

    it("is one command, which works as it is printed", async () => {
      await scenario.lab.kill("worker-2");
      scenario.configure(stack, { nodes: [worker1] });
      const printed = command(await up(stack), "worker-2 (10.240.0.22)");
      await scenario.asPrinted(stack, printed);
      assert.doesNotMatch(await up(stack), /worker-2/);
      assert.doesNotMatch(
        await stack.must(["stack", "--show-urns"]),
        /worker-2/,
      );
    });

    it("is undone when the host is put back into the inventory", async () => {
      scenario.configure(stack, { nodes: [worker0, worker1] });
      await up(stack);
      await scenario.lab.kill("worker-0");
      scenario.configure(stack, { nodes: [worker1] });
      command(await up(stack), "worker-0 (10.240.0.20)");
      await scenario.lab.revive("worker-0");
      const changed = { ...worker1, podCidrs: ["10.200.7.0/24"] };
      scenario.configure(stack, { nodes: [worker0, changed] });
      assert.deepEqual(await scenario.plan(stack), {
        update: ["worker-0@10.240.0.20", "worker-1@10.240.0.21"],
      });
      await up(stack);
      assert.deepEqual(await routes("worker-0", 200), [
        "10.200.7.0/24 via 10.240.0.21 dev eth0",
      ]);
      assert.deepEqual(await routes("worker-1", 200), [route(200, 0)]);
    });
  });

  describe("of a host that takes connections and says nothing", () => {
    it("holds up no up, and the host is cleaned once it answers", async () => {
      const [worker0, worker1] = workers(2, 201);
      const stack = await scenario.stack("frozen", {
        nodes: [worker0, worker1],
      });
      await up(stack);
      scenario.lab.freeze("worker-0");
      scenario.configure(stack, { nodes: [worker1] });
      command(await up(stack), "worker-0 (10.240.0.20)");
      assert.deepEqual(await routes("worker-1", 201), []);
      scenario.lab.thaw("worker-0");
      assert.deepEqual(await routes("worker-0", 201), [route(201, 1)]);
      assert.match(await up(stack), /1 deleted/);
      assert.deepEqual(await routes("worker-0", 201), []);
    });
  });

  describe("of the old host of a node that has another address now", () => {
    const [worker0, worker1] = workers(2, 202);
    const moved = worker(0, { net: 202, last: 22 });
    let stack: Stack;

    it("does not hold up the new one, nor any later up", async () => {
      const { lab } = scenario;
      await lab.revive("worker-2");
      stack = await scenario.stack("moved", { nodes: [worker0, worker1] });
      await up(stack);
      await lab.kill("worker-0");
      scenario.configure(stack, { nodes: [moved, worker1] });
      const said = await up(stack);
      command(said, "worker-0 (10.240.0.20)");
      assert.doesNotMatch(said, /worker-0 \(10\.240\.0\.22\)/);
      assert.deepEqual(await routes("worker-2", 202), [route(202, 1)]);
      assert.deepEqual(await routes("worker-1", 202), [route(202, 0, 22)]);
    });

    it("leaves the new one as it is when the old one is back, and is cleaned", async () => {
      await scenario.lab.revive("worker-0");
      assert.match(await up(stack), /1 deleted/);
      assert.equal(await knows("worker-0", "moved"), false);
      assert.deepEqual(await routes("worker-2", 202), [route(202, 1)]);
      assert.deepEqual(await routes("worker-1", 202), [route(202, 0, 22)]);
    });

    it("is as easy where another machine has the old address by now", async () => {
      const { lab } = scenario;
      scenario.configure(stack, { nodes: [worker0, worker1] });
      await up(stack);
      await lab.kill("worker-0");
      await lab.on("worker-2", "ip address add 10.240.0.20/24 dev eth0");
      scenario.configure(stack, { nodes: [moved, worker1] });
      const printed = command(await up(stack), "worker-0 (10.240.0.20)");
      await scenario.asPrinted(stack, printed);
      assert.doesNotMatch(await up(stack), /cannot clean/);
      assert.deepEqual(await routes("worker-2", 202), [route(202, 1)]);
    });
  });
});
