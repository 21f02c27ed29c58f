import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import type { Stack } from "../../lab/stack.ts";
import { up } from "../stacks.ts";
import {
  plainHosts,
  Scenario,
  type TestNode,
  worker,
  workerHosts,
  workers,
} from "./scenario.ts";

const controller: TestNode = {
  name: "controller-0",
  internalIp: "10.240.0.10",
};
/** The hosts that every change of worker-3 concerns. */
const others = [
  "controller-0@10.240.0.10",
  "worker-0@10.240.0.20",
  "worker-1@10.240.0.21",
  "worker-2@10.240.0.22",
];
/** The other nodes, since worker-0 and worker-1 have swapped their pod CIDRs. */
const swapped = [
  controller,
  worker(0, { cidr: 1 }),
  worker(1, { cidr: 0 }),
  worker(2),
];

/** The routes that a host must have: one to each pod CIDR but its own, sorted. */
function wanted(nodes: TestNode[], on: TestNode): string[] {
  return nodes
    .filter((node) => node.podCidrs !== undefined && node.name !== on.name)
    .map((node) => `${node.podCidrs?.[0]} via ${node.internalIp} dev eth0`)
    .sort();
}

describe("a change of the inventory", () => {
  const scenario = new Scenario([
    ...plainHosts("10.240.0", { "controller-0": 10 }),
    ...workerHosts(4),
  ]);
  let nodes = [controller, ...workers(3)];
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

  it("is not needed for a replaced command, after which the routes are there", async () => {
    const urns = await stack.must(["stack", "--show-urns"]);
    const [urn = ""] = /urn:\S*::routes-worker-0@\S*/.exec(urns) ?? [];
    const replace = ["--yes", "--skip-preview", "--target-replace", urn];
    assert.match(await stack.must(["up", ...replace]), /\+-1 replaced/);
    await change(nodes, {});
  });

  it("that adds a worker creates its command and updates the others, and no packet between others is lost", async () => {
    await scenario.lab.addPod("worker-3", ["10.200.3.0/24"]);
    await scenario.losesNoPacket("worker-0", "10.200.1.2", () =>
      change([...nodes, worker(3)], {
        create: ["worker-3@10.240.0.23"],
        update: others,
      }),
    );
  });

  it("that swaps two pod CIDRs updates every host, and no packet between others is lost", async () => {
    await scenario.losesNoPacket("worker-2", "10.200.3.2", async () => {
      // The pods move first: a CIDR that is still on a host's own bridge cannot be routed away from it.
      await scenario.lab.removePod("worker-0");
      await scenario.lab.addPod("worker-1", ["10.200.0.0/24"]);
      await scenario.lab.addPod("worker-0", ["10.200.1.0/24"]);
      await change([...swapped, worker(3)], {
        update: [...others, "worker-3@10.240.0.23"],
      });
    });
  });

  it("that gives a worker another pod CIDR removes the old route from all other hosts", async () => {
    await scenario.lab.addPod("worker-3", ["10.200.33.0/24"]);
    await change([...swapped, worker(3, { cidr: 33 })], { update: others });
  });

  it("that moves a worker to another address sets up the new address, and cleans the old one, which still answers", async () => {
    await scenario.lab.on("worker-3", "ip addr add 10.240.0.43/24 dev eth0");
    scenario.lab.trust("worker-3", "10.240.0.43");
    scenario.trustHosts();
    await change([...swapped, worker(3, { cidr: 33, last: 43 })], {
      create: ["worker-3@10.240.0.43"],
      delete: ["worker-3@10.240.0.23"],
      update: others,
    });
  });

  it("that replaces a worker's machine cleans the old machine", async () => {
    await scenario.lab.add({
      name: "spare",
      addresses: ["10.240.0.53/24"],
      kind: "plain",
    });
    scenario.trustHosts();
    await scenario.lab.removePod("worker-3");
    const moved = worker(3, { cidr: 33, last: 53 });
    nodes = [...swapped, moved];
    scenario.configure(stack, { nodes });
    await up(stack);
    assert.deepEqual(await scenario.table("worker-3"), []);
    assert.deepEqual(await scenario.table("spare"), wanted(nodes, moved));
  });

  it("that removes a worker deletes its command, and its route from all other hosts", async () => {
    await scenario.lab.removePod("worker-3");
    await change(swapped, {
      delete: ["worker-3@10.240.0.53"],
      update: others,
    });
    assert.deepEqual(await scenario.table("spare"), []);
  });
});
