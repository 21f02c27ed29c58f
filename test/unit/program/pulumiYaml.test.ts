import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { z } from "zod";
import { targets } from "../../../program/targets.ts";

/** The keys that Pulumi.yaml declares, with their types and defaults: the little YAML that its config section is. */
function declared(): Record<string, { type?: string; default?: string }> {
  const text = readFileSync(
    `${import.meta.dirname}/../../../Pulumi.yaml`,
    "utf8",
  );
  const [, config = ""] = text.split(/^config:$/m);
  const keys = config.split(/^ {2}(?=\w)/m).slice(1);
  return Object.fromEntries(
    keys.map((block) => {
      const [name = "", ...lines] = block.split("\n");
      const fields = lines.flatMap((line) => {
        const [, field, text] = /^ {4}(type|default): (.*)$/.exec(line) ?? [];
        return field === undefined ? [] : [[field, text]];
      });
      return [name.replace(":", ""), Object.fromEntries(fields)];
    }),
  );
}

/** The default of a key, in each schema that has the key. */
function defaultsOf(name: string): unknown[] {
  return targets.flatMap(({ schema: { shape } }) => {
    const field = Object.hasOwn(shape, name) ? shape[name] : undefined;
    return field === undefined ? [] : [z.safeParse(field, undefined).data];
  });
}

test("Pulumi.yaml declares exactly the arguments of all components, and the target", () => {
  const keys = targets.flatMap(({ schema }) => Object.keys(schema.shape));
  assert.deepEqual(
    Object.keys(declared()).sort(),
    ["target", ...new Set(keys)].sort(),
  );
});

for (const [name, { type, default: text }] of Object.entries(declared())) {
  if (name === "target") {
    continue;
  }
  const empty = text === '""' || text === "[]" || text === "{}";
  test(`the default of ${name} in Pulumi.yaml is ${empty ? "empty, which is not given" : "that of the schema"}`, () => {
    assert.ok(text !== undefined, "a key without a default has to be given");
    if (empty) {
      const whatEmptyMeans = { array: "[]", object: "{}", string: '""' };
      assert.equal(text, whatEmptyMeans[type as "array"]);
      for (const value of defaultsOf(name)) {
        assert.ok(!["boolean", "number"].includes(typeof value));
      }
    } else {
      for (const value of defaultsOf(name)) {
        assert.equal(text, String(value));
        assert.equal(type === "integer" ? "number" : type, typeof value);
      }
    }
  });
}
