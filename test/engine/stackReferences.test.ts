import assert from "node:assert/strict";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { getEngine } from "../../lab/engine.ts";
import { root } from "../../lab/paths.ts";
import { Stack } from "../../lab/stack.ts";
import { faultsIn, up, upFails } from "../stacks.ts";
import { type Config, plainHosts, Scenario } from "./scenario.ts";

describe("three stacks: infra gives the nodes, this project routes, a consumer reads the routes", () => {
  const workers = { "worker-0": 20, "worker-1": 21, "worker-2": 22 };
  const scenario = new Scenario(
    plainHosts("10.240.0", { "controller-0": 10, ...workers }),
  );
  const stack = "organization/infra/prod";
  let infra: Stack;
  let routes: Stack;
  let consumer: Stack;

  /** A stack of an example, in the backend of `routes` and with its passphrase. */
  const exampleStack = async (project: string, config: string) => {
    const { PULUMI_BACKEND_URL = "", PULUMI_CONFIG_PASSPHRASE_FILE = "" } =
      routes.environment();
    const made = new Stack(
      "prod",
      await getEngine("command"),
      scenario.lab.netns,
      join(routes.directory, project),
      { PULUMI_BACKEND_URL, PULUMI_CONFIG_PASSPHRASE_FILE },
      join(root, "examples", project),
    );
    made.configure(`config:\n  ${project}:${config}\n`);
    await made.init();
    return made;
  };

  /** Asserts that the stack of the routes fails with this message, and that no host is touched. */
  const refused = async (config: Config, ...faults: string[]) => {
    const before = await scenario.everything("worker-0");
    scenario.configure(routes, config);
    const said = await upFails(routes);
    assert.deepEqual([...new Set(faultsIn(said))], faults);
    const noise = /^ +at |node_modules|Warning|node:/m;
    assert.doesNotMatch(said, noise, "no stack trace");
    assert.equal(await scenario.everything("worker-0"), before);
  };

  /** Asserts that each host has the routes of this many workers, but not its own. */
  const assertRoutes = async (count: number) => {
    const all = [0, 1, 2]
      .slice(0, count)
      .map((i) => `10.200.${i}.0/24 via 10.240.0.2${i} dev eth0`);
    assert.deepEqual(await scenario.table("controller-0"), all);
    for (const i of [0, 1, 2]) {
      const others = i < count ? all.filter((_, j) => j !== i) : [];
      assert.deepEqual(await scenario.table(`worker-${i}`), others);
    }
    await scenario.assertPodsReachEachOther();
  };

  before(async () => {
    for (const i of [0, 1]) {
      await scenario.lab.addPod(`worker-${i}`, [`10.200.${i}.0/24`]);
    }
    routes = await scenario.stack("prod", { inventory: { stack } });
    infra = await exampleStack("infra", "workers: 2");
    const table = "organization/pod-network-routes/prod";
    consumer = await exampleStack("consumer", `routes: ${table}`);
  });

  it("a stack that is not applied yet is refused", async () => {
    await refused(
      { inventory: { stack } },
      `inventory.output: stack ${stack} has no output "nodes", it has none at all, apply it first: pulumi up`,
    );
  });

  it("the nodes of the infra stack are routed, and a second run changes nothing", async () => {
    await up(infra);
    await up(routes);
    await assertRoutes(2);
  });

  it("the consumer reads the route table", async () => {
    await up(consumer);
    assert.deepEqual(await consumer.output("podCidrs"), [
      "10.200.0.0/24",
      "10.200.1.0/24",
    ]);
    assert.deepEqual(await consumer.output("nodeOfPodCidr"), {
      "10.200.0.0/24": "worker-0",
      "10.200.1.0/24": "worker-1",
    });
  });

  it("a worker that infra adds is in the next preview as its host and exactly one route on each other", async () => {
    await scenario.lab.addPod("worker-2", ["10.200.2.0/24"]);
    infra.configure("config:\n  infra:workers: 3\n");
    await up(infra);
    const others = [
      "controller-0@10.240.0.10",
      "worker-0@10.240.0.20",
      "worker-1@10.240.0.21",
    ];
    assert.deepEqual(await scenario.plan(routes), {
      create: ["worker-2@10.240.0.22"],
      update: others,
    });
    const diff = await routes.must(["preview", "--diff"]);
    assert.match(diff, /> pulumi:pulumi:StackReference: \(read\)/);
    const route = "+ route 10.200.2.0/24 via 10.240.0.22";
    assert.deepEqual(changedLines(diff), {
      "controller-0@10.240.0.10": [route, "+ hosts 10.240.0.22 worker-2"],
      "worker-0@10.240.0.20": [route],
      "worker-1@10.240.0.21": [route],
    });
    await up(routes);
    await assertRoutes(3);
  });

  it("the consumer's next run has the new route", async () => {
    await up(consumer);
    const cidrs = await consumer.output<string[]>("podCidrs");
    assert.deepEqual(cidrs.slice(2), ["10.200.2.0/24"]);
  });

  it("a stack or an output that is not there is refused with everything else that is wrong, and the routes stay", async () => {
    const interval = "healInterval: 0 is not allowed: expected 1 to 3600";
    await refused(
      { inventory: { stack: "organization/infra/prdo" }, healInterval: 0 },
      'inventory.stack: "organization/infra/prdo" cannot be read: unknown stack "organization/infra/prdo"; expected ORG/PROJECT/STACK, one of: pulumi stack ls --all',
      interval,
    );
    await refused(
      { inventory: { stack, output: "workers" }, healInterval: 0 },
      `inventory.output: stack ${stack} has no output "workers", it has nodes`,
      interval,
    );
    await refused(
      { inventory: { stack: "" } },
      'inventory.stack: "" is not allowed: expected ORG/PROJECT/STACK',
    );
    await refused(
      { inventory: { stack: "infra/prod" } },
      `inventory.stack: "infra/prod" cannot be read: organization name must be 'organization'; expected ORG/PROJECT/STACK, one of: pulumi stack ls --all`,
    );
    await assertRoutes(3);
  });

  it("the routes can be taken away when the infra stack is gone", async () => {
    await infra.must(["destroy", "--yes", "--skip-preview"]);
    await infra.must(["stack", "rm", "--yes"]);
    await routes.must(["destroy", "--yes", "--skip-preview"]);
    for (const host of ["controller-0", ...Object.keys(workers)]) {
      assert.deepEqual(await scenario.table(host), []);
    }
  });
});

/** By host, the lines of what it is told that a preview's diff adds or takes away. */
function changedLines(diff: string): Record<string, string[]> {
  const resources = diff.split(/^ *\[urn=.*::/m).slice(1);
  return Object.fromEntries(
    resources.flatMap((text) => {
      const [, host] = /^routes-(\S+)\]/.exec(text) ?? [];
      const [inputs = ""] = text.split("--outputs:--"); // of the stack, behind its last resource
      const lines = [...inputs.matchAll(/^ +([+-] \w+ .*)$/gm)];
      const found = lines.map(([, line = ""]) => line.trim());
      return host === undefined || found.length === 0 ? [] : [[host, found]];
    }),
  );
}
