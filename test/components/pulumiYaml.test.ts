import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { hostArgsSchema } from "../../components/hostArgs";

/** The keys that Pulumi.yaml declares, with their types and defaults: the little YAML that its config section is. */
function declared(): Record<string, { type?: string; default?: string }> {
  const text = readFileSync(`${__dirname}/../../Pulumi.yaml`, "utf8");
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

const defaults: Record<string, unknown> = hostArgsSchema.parse({});

test("Pulumi.yaml declares exactly the arguments of the component, and the target", () => {
  assert.deepEqual(
    Object.keys(declared()).sort(),
    ["target", ...Object.keys(hostArgsSchema.shape)].sort(),
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
      assert.ok(!["boolean", "number"].includes(typeof defaults[name]));
    } else {
      assert.equal(JSON.parse(text), defaults[name]);
      assert.equal(type === "integer" ? "number" : type, typeof defaults[name]);
    }
  });
}
