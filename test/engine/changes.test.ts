import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import type { Stack } from "../../lab/stack.ts";
import { up } from "../stacks.ts";
import { plainHosts, Scenario, type TestNode } from "./scenario.ts";

const hosts = {
  "controller-0": 10,
  "worker-0": 20,
  "worker-1": 21,
  "worker-2": 22,
  "worker-3": 23,
};

function worker(i: number, cidr = i, host = 20 + i): TestNode {
  return {
    name: `worker-${i}`,
    internalIp: `10.240.0.${host}`,
    podCidrs: [`10.200.${cidr}.0/24`],
  };
}

const controller: TestNode = {
  name: "controller-0",
  internalIp: "10.240.0.10",
};

/** What `ip route show` has to list on a host, by the plan: every CIDR but its own, in order. */
function wanted(nodes: TestNode[], on: TestNode): string[] {
  return nodes
    .filter((node) => node.podCidrs !== undefined && node.name !== on.name)
    .map((node) => `${node.podCidrs?.[0]} via ${node.internalIp} dev eth0`)
    .sort();
}

describe("a change of the inventory", () => {
  const scenario = new Scenario(() => plainHosts("10.240.0", hosts));
  let nodes = [controller, worker(0), worker(1), worker(2)];
  let stack: Stack;

  const change = async (next: TestNode[], plan: Record<string, string[]>) => {
    nodes = next;
    scenario.configure(stack, { nodes });
    assert.deepEqual(await scenario.plan(stack), plan, "what the preview says");
    await up(stack);
    for (const node of nodes) {
      assert.deepEqual(
        await scenario.table(node.name),
        wanted(nodes, node),
        `the table of ${node.name}`,
      );
    }
    await scenario.assertPodsReachEachOther();
  };

  before(async () => {
    for (const i of [0, 1, 2]) {
      await scenario.lab.addPod(`worker-${i}`, [`10.200.${i}.0/24`]);
    }
    stack = await scenario.stack("changes", { nodes });
    await up(stack);
  });

  it("that only reorders the nodes changes nothing", async () => {
    const before = nodes;
    await change([worker(2), worker(0), controller, worker(1)], {});
    nodes = before;
  });

  it("is none where the user has a command replaced, and the routes are there after it", async () => {
    const urns = await stack.must(["stack", "--show-urns"]);
    const [urn = ""] = /urn:\S*::routes-worker-0@\S*/.exec(urns) ?? [];
    const replace = ["--yes", "--skip-preview", "--target-replace", urn];
    assert.match(await stack.must(["up", ...replace]), /\+-1 replaced/);
    await change(nodes, {});
  });

  it("that adds a worker creates its command and updates the others, and no packet between others is lost", async () => {
    await scenario.lab.addPod("worker-3", ["10.200.3.0/24"]);
    const stop = scenario.lab.pinging("worker-0", "10.200.1.2");
    await change([...nodes, worker(3)], {
      create: ["worker-3@10.240.0.23"],
      update: [
        "controller-0@10.240.0.10",
        "worker-0@10.240.0.20",
        "worker-1@10.240.0.21",
        "worker-2@10.240.0.22",
      ],
    });
    const { sent, received } = await stop();
    assert.ok(sent > 20, `only ${sent} packets were sent`);
    assert.equal(received, sent);
  });

  it("that swaps two pod CIDRs updates every host, and no packet between others is lost", async () => {
    const stop = scenario.lab.pinging("worker-2", "10.200.3.2");
    // The pods move first: a CIDR that is still on a host's own bridge cannot be routed away from it.
    await scenario.lab.removePod("worker-0");
    await scenario.lab.addPod("worker-1", ["10.200.0.0/24"]);
    await scenario.lab.addPod("worker-0", ["10.200.1.0/24"]);
    await change(
      [controller, worker(0, 1), worker(1, 0), worker(2), worker(3)],
      {
        update: [
          "controller-0@10.240.0.10",
          "worker-0@10.240.0.20",
          "worker-1@10.240.0.21",
          "worker-2@10.240.0.22",
          "worker-3@10.240.0.23",
        ],
      },
    );
    const { sent, received } = await stop();
    assert.ok(sent > 20, `only ${sent} packets were sent`);
    assert.equal(received, sent);
  });

  it("that gives a worker another pod CIDR takes the old route away everywhere else", async () => {
    await scenario.lab.addPod("worker-3", ["10.200.33.0/24"]);
    await change(
      [controller, worker(0, 1), worker(1, 0), worker(2), worker(3, 33)],
      {
        update: [
          "controller-0@10.240.0.10",
          "worker-0@10.240.0.20",
          "worker-1@10.240.0.21",
          "worker-2@10.240.0.22",
        ],
      },
    );
  });

  it("that moves a worker to another address makes the new one, and cleans the old one while it answers", async () => {
    await scenario.lab.on("worker-3", "ip addr add 10.240.0.43/24 dev eth0");
    scenario.lab.trust("worker-3", "10.240.0.43");
    scenario.trustHosts();
    await change(
      [controller, worker(0, 1), worker(1, 0), worker(2), worker(3, 33, 43)],
      {
        create: ["worker-3@10.240.0.43"],
        delete: ["worker-3@10.240.0.23"],
        update: [
          "controller-0@10.240.0.10",
          "worker-0@10.240.0.20",
          "worker-1@10.240.0.21",
          "worker-2@10.240.0.22",
        ],
      },
    );
  });

  it("that replaces a worker's machine cleans the old machine", async () => {
    await scenario.lab.add({
      name: "spare",
      addresses: ["10.240.0.53/24"],
      kind: "plain",
    });
    scenario.trustHosts();
    await scenario.lab.removePod("worker-3");
    const moved = worker(3, 33, 53);
    nodes = [controller, worker(0, 1), worker(1, 0), worker(2), moved];
    scenario.configure(stack, { nodes });
    await up(stack);
    assert.deepEqual(await scenario.table("worker-3"), []);
    assert.deepEqual(await scenario.table("spare"), wanted(nodes, moved));
  });

  it("that removes a worker deletes its command and takes its route away everywhere", async () => {
    await scenario.lab.removePod("worker-3");
    await change([controller, worker(0, 1), worker(1, 0), worker(2)], {
      delete: ["worker-3@10.240.0.53"],
      update: [
        "controller-0@10.240.0.10",
        "worker-0@10.240.0.20",
        "worker-1@10.240.0.21",
        "worker-2@10.240.0.22",
      ],
    });
    assert.deepEqual(await scenario.table("spare"), []);
  });
});
