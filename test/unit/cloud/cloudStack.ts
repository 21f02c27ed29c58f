import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import type { Faults } from "../../../components/core/faults.ts";
import { type Registered, record, unhandledRejection } from "../mockedStack.ts";

/** Makes the engine a recorder. The stack's state has these outputs, and a cloud's provider answers the other calls. */
export function recordCloud(
  answer: (call: pulumi.runtime.MockCallArgs) => object | Promise<object>,
  outputs: object = {},
): Promise<Registered[]> {
  return record("", "organization", false, (call) =>
    call.token === "pulumi:pulumi:readStackResourceOutputs"
      ? { outputs }
      : answer(call),
  );
}

/** What OpenStack's provider knows of its token, and of the one endpoint of Neutron. */
export const openStackScope = (url: string, tokenId = "token") => ({
  tokenId,
  serviceCatalogs: [
    { type: "network", endpoints: [{ interface: "public", url }] },
  ],
});

/** The message of the error that ends the program once it has declared this. */
export async function programError(
  t: TestContext,
  declare: () => unknown,
): Promise<string> {
  const failure = unhandledRejection(t);
  declare();
  const error = await failure;
  t.mock.method(console, "error", () => {});
  pulumi.log.error("the program fails");
  assert.ok(pulumi.RunError.isInstance(error), String(error));
  return (error as Error).message;
}

/** Every fault as `path: message`. */
export const textsOf = (faults: Faults): string[] =>
  faults.all.map(({ path, message }) => `${path}: ${message}`);

/** One test per case, of a description, arguments, and the one fault with which a component refuses them at once. */
export function testRefusals(
  cloud: string,
  declare: (args: object) => unknown,
  cases: readonly (readonly [what: string, args: object, fault: string])[],
): void {
  for (const [what, args, fault] of cases) {
    test(`${what} is refused before ${cloud} is asked`, () => {
      assert.throws(
        () => declare(args),
        (error) =>
          pulumi.InputPropertiesError.isInstance(error) &&
          (error as Error).message.split("\n  - ").slice(1).join() === fault,
      );
    });
  }
}
