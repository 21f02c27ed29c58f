import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { z } from "zod";
import { nodeSchema } from "../../components/core/inventory";
import { targets } from "../../components/targets";
import { root } from "../../lab/paths";

/** The rows of README's tables: what stands between the first back ticks, and the last column. */
const rows = new Map(
  readFileSync(join(root, "README.md"), "utf8")
    .split("\n")
    .flatMap((line) => {
      const [, key, last] = /^\| `([^`]+)` \|.*\| ?(.*?) \|$/.exec(line) ?? [];
      return key === undefined ? [] : [[key, last ?? ""] as const];
    }),
);

/** Every key of a schema, dotted, with the default that it has. */
function keysOf(schema: z.ZodType, path = ""): [string, unknown][] {
  const inner = unwrap(schema);
  if (!(inner instanceof z.ZodObject)) {
    return [[path, schema.safeParse(undefined).data]];
  }
  return Object.entries(inner.shape).flatMap(([key, field]) =>
    // one level is enough: what is deeper stands in the text of its row
    keysOf(
      path === "" ? (field as z.ZodType) : leaf(field as z.ZodType),
      path === "" ? key : `${path}.${key}`,
    ),
  );
}

function unwrap(schema: unknown): unknown {
  if (schema instanceof z.ZodPipe) {
    return unwrap(schema.in);
  }
  return schema instanceof z.ZodOptional ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodDefault
    ? unwrap(schema.unwrap())
    : schema;
}

/** A field whose own keys are not looked at, but whose default is. */
function leaf(field: z.ZodType): z.ZodType {
  return z.unknown().transform(() => field.safeParse(undefined).data);
}

const keys = [
  ...Object.values(targets).flatMap((schema) => keysOf(schema)),
  ...Object.keys(nodeSchema.shape).map((key) => [key, undefined] as const),
  ["target", "hosts"] as const,
];

it("README's config reference names every key", () => {
  assert.deepEqual(
    keys.map(([key]) => key).filter((key) => !rows.has(key)),
    [],
  );
});

it("README's config reference gives the defaults of the schema", () => {
  const plain = keys.filter(
    ([, v]) => v !== undefined && typeof v !== "object",
  );
  assert.ok(plain.length > 10);
  for (const [key, value] of plain) {
    assert.equal(rows.get(key), `\`${value}\``, key);
  }
});
