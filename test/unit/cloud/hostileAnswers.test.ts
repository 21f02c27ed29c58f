import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { awsArgsSchema } from "../../../components/aws/awsArgs.ts";
import { planAws } from "../../../components/aws/awsPlan.ts";
import { readCloudArgs } from "../../../components/cloud/cloudArgs.ts";
import { Faults, FaultsError } from "../../../components/core/faults.ts";
import { readHostFacts } from "../../../components/verify/hostFacts.ts";
import { targets } from "../../../program/targets.ts";
import { anyText, nasty, nestedWithoutEnd } from "../hostileText.ts";
import { textsOf } from "./cloudStack.ts";

const text = fc.oneof(anyText, fc.constantFrom(...nasty));

/** Messages have no control characters but line breaks. */
function isPlain(messages: readonly string[]): void {
  for (const message of messages) {
    assert.doesNotMatch(message, /[^\P{Cc}\n]/u);
  }
}

for (const { name, schema, check } of targets) {
  test(`any JSON as arguments of ${name} is refused in plain words, or accepted`, () => {
    const keys = Object.keys(schema.shape);
    const one = fc.tuple(
      fc.constantFrom(...keys),
      fc.oneof(text, fc.jsonValue(), fc.dictionary(text, text)),
    );
    fc.assert(
      fc.property(fc.array(one, { maxLength: 4 }), (pairs) => {
        try {
          check(Object.fromEntries(pairs), new Faults());
        } catch (error) {
          assert.ok(error instanceof FaultsError, String(error));
          isPlain(error.message.split("\n"));
        }
      }),
      { numRuns: 50 },
    );
  });

  test(`arguments of ${name} that are nested without end are refused`, () => {
    for (const key of Object.keys(schema.shape)) {
      for (const end of nestedWithoutEnd) {
        for (const value of [end, [end], { name: end, hostKeys: end }]) {
          assert.throws(
            () => check({ [key]: value }, new Faults()),
            FaultsError,
            key,
          );
        }
      }
    }
  });
}

test("any name, address or tag of a cloud's instances is refused in plain words, or becomes a canonical route", () => {
  const instance = fc.record({
    name: text,
    addresses: fc.array(fc.oneof(text, fc.constant("10.0.0.7"))),
    podCidrs: fc.oneof(text, fc.constant("10.200.0.0/24")),
  });
  fc.assert(
    fc.property(fc.array(instance, { maxLength: 3 }), (instances) => {
      const faults = new Faults();
      const found = instances.map((one, i) => ({
        ...one,
        id: `i-${i}`,
        state: "running",
        running: true,
        instanceId: `i-${i}`,
        networkInterfaceId: `eni-${i}`,
      }));
      const none = new Set<string>();
      const plan = planAws(
        readCloudArgs(awsArgsSchema, { instances: { names: ["*"] } }),
        {
          region: "eu-west-1",
          vpcBlocks: [],
          checked: none,
          present: none,
          instances: found,
          tables: [{ id: "rtb-1", vpcId: "vpc-1", routes: [] }],
          inVpc: new Set(found.map((one) => one.networkInterfaceId)),
        },
        new Map(),
        faults,
      );
      isPlain(textsOf(faults));
      for (const { destination, nextHop } of plan.routeTable) {
        assert.match(destination, /^[0-9a-f.:]+\/\d+$/);
        assert.match(nextHop, /^[0-9a-f.:]+$/);
      }
    }),
  );
});

test("whatever a host prints is read without an exception", () => {
  const words = fc.constantFrom(
    "route",
    "hop",
    "get",
    "forward",
    "node",
    "recorded",
    "unit",
    "pod",
    "address",
    "via",
    "dev",
    "proto",
    "10.0.0.0/8",
    "looked",
    "default",
  );
  const line = fc
    .array(fc.oneof(words, text), { maxLength: 8 })
    .map((all) => all.join(" "));
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const facts = readHostFacts(["looked", ...lines].join("\n"));
      assert.ok(facts !== undefined);
    }),
  );
});
