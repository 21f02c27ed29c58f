import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import * as pulumi from "@pulumi/pulumi";
import { HostPodRoutes } from "../../../components/hosts/hostPodRoutes.ts";
import { cluster, record, unhandledRejection } from "../mockedStack.ts";

const wrong = { ...cluster, healInterval: 0 };

/** The error of a component with wrong arguments. */
function refused(): Error {
  try {
    new HostPodRoutes("routes", wrong);
  } catch (error) {
    return error as Error;
  }
  assert.fail("the arguments were not refused");
}

test("wrong arguments are an error of Pulumi's that names each, and of which the message alone is shown", () => {
  const error = refused();
  assert.ok(error instanceof pulumi.InputPropertiesError);
  assert.ok(pulumi.RunError.isInstance(error));
  assert.deepEqual(
    error.errors?.map(({ propertyPath }) => propertyPath),
    ["healInterval"],
  );
  assert.match(error.message, /\n {2}- healInterval: /);
  assert.equal(error.stack, error.message);
  assert.equal(inspect(error), error.message);
});

test("the message is the same where the component is made inside of an apply whose result another resource takes", async (t) => {
  const failure = unhandledRejection(t);
  // a program that fails leaves promises behind; Pulumi complains of them unless an error was logged
  t.mock.method(console, "error", () => {});
  pulumi.log.error("the program fails");
  await record();
  const table = pulumi
    .output("routes")
    .apply((name) => new HostPodRoutes(name, wrong).routeTableText);
  new pulumi.Stash("table", { input: table });
  const error = (await failure) as Error;
  assert.equal(error.message, refused().message);
});
