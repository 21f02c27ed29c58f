import assert from "node:assert/strict";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { HostPodRoutes } from "../../../components/hosts/hostPodRoutes.ts";
import { kept } from "../../../components/stack/kept.ts";
import {
  cluster,
  commands,
  facts,
  type Registered,
  value,
} from "../mockedStack.ts";

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

const same = (inputs: Record<string, unknown>) => inputs;

for (const [what, answer, preview] of [
  ["its inputs", same, false],
  ["its inputs", same, true],
  ["nothing", () => ({}), false],
] as const) {
  const when = preview ? "preview" : "up";
  test(`hosts have the usual owner in a program's own test of ${when} whose mocks return ${what} and name no organization`, async () => {
    const registered = await mocked(answer, preview);
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
  }
});
