import assert from "node:assert/strict";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { Faults } from "../../components/core/faults";
import { HostPodRoutes } from "../../components/hostPodRoutes";
import { kept, known } from "../../components/kept";
import { takenFaults } from "../../components/taken";
import { cluster, commands, facts, type Registered, value } from "./support";

/** Makes the engine one that answers like this when it is told of a resource, as a user's own test does. */
async function mocked(
  newResource: (inputs: Record<string, unknown>) => Record<string, unknown>,
  preview = false,
): Promise<Registered[]> {
  const registered: Registered[] = [];
  await pulumi.runtime.setMocks(
    {
      call: ({ inputs }) => inputs,
      newResource: ({ type, name, inputs }) => {
        registered.push({ type, name, inputs });
        return { id: name, state: newResource(inputs) };
      },
    },
    ...(["project", "stack", preview] as const),
  );
  return registered;
}

const answers = {
  "its inputs": (inputs: Record<string, unknown>) => inputs,
  nothing: () => ({}),
};

for (const [what, answer] of Object.entries(answers)) {
  test(`hosts have the usual owner in a program's own test whose mocks return ${what} and name no organization`, async () => {
    const registered = await mocked(answer);
    new HostPodRoutes("routes", cluster);
    await pulumi.runtime.disconnect();
    const stdins = Object.values(commands(registered));
    assert.equal(stdins.length, 3);
    for (const { stdin } of stdins) {
      assert.equal(facts(stdin)[0], "owner project.stack.routes");
    }
  });
}

test("what the state holds is taken, and not what would be kept today", async () => {
  await mocked(() => ({ input: "before", output: "before" }));
  const parent = new pulumi.ComponentResource("test:index:Parent", "parent");
  for (const given of [undefined, "given"]) {
    const output = kept("x-owner", "today", parent, given);
    assert.equal(await value(output), "before");
    assert.equal(await known(output, "otherwise"), "before");
  }
});

test("a value that is unknown in a preview is the usual one", async () => {
  await mocked(answers.nothing, true);
  const parent = new pulumi.ComponentResource("test:index:Parent", "parent");
  assert.equal(await known(kept("x", "today", parent), "today"), "today");
});

const urn = (name: string) =>
  `urn:pulumi:s::p::pod-network-routes:index:AwsPodRoutes$aws:ec2/route:Route::${name}`;

test("routes that the state has under other names are one fault for each name of a component", () => {
  const faults = new Faults();
  const taken = ["old-a", "old-b", "older-c", "by-hand"].map((name, i) => ({
    resource: ["a", "b", "c", "d"][i] ?? "",
    urn: urn(name),
  }));
  takenFaults("new", taken, faults);
  const said = faults.all.map(({ path, message }) => {
    assert.equal(path, "new");
    const [, old] = /aliases: \[\{ name: "(.*?)" \}\]/.exec(message) ?? [];
    return [old, ...(message.match(/urn:\S+(?<!,)/g) ?? [])];
  });
  assert.deepEqual(said, [
    ["old", urn("old-a"), urn("old-b")],
    ["older", urn("older-c")],
    [undefined, urn("by-hand")],
  ]);
});
