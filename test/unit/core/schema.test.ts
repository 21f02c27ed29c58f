import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { Faults, FaultsError } from "../../../components/core/faults.ts";
import {
  complete,
  parse,
  parseKeys,
  strict,
  textRead,
} from "../../../components/core/schema.ts";
import { faultsOf } from "../clusterFaults.ts";

const schema = strict({
  name: z.string(),
  color: z.enum(["red", "green"]).optional(),
  size: z.int().min(1, "expected 1 to 9").default(3),
  inner: strict({ list: z.array(z.string()) }).optional(),
});

test("a value that matches is returned with its defaults", () => {
  const faults = new Faults();
  assert.deepEqual(parse(schema, { name: "a" }, "x", faults), {
    name: "a",
    size: 3,
  });
  assert.deepEqual(faults.all, []);
});

test("a value that does not match is not returned", () => {
  assert.equal(parse(schema, {}, "x", new Faults()), undefined);
});

for (const [what, value, fault] of [
  ["a missing key", {}, "x.name: is missing"],
  ["a wrong type", { name: 5 }, "x.name: 5 is not of type string"],
  ["null", { name: null }, "x.name: null is not of type string"],
  [
    "a value outside of a choice",
    { name: "a", color: "blue" },
    'x.color: "blue" is not allowed, expected "red" or "green"',
  ],
  [
    "a value out of range",
    { name: "a", size: 0 },
    "x.size: 0 is not allowed: expected 1 to 9",
  ],
  [
    "an element of an inner list",
    { name: "a", inner: { list: ["b", 7] } },
    "x.inner.list[1]: 7 is not of type string",
  ],
  ["no object at all", "text", 'x: "text" is not of type object'],
  [
    "an unknown key",
    { name: "a", colour: "red" },
    "x.colour: is not a known key, did you mean color? Known keys: name, color, size, inner",
  ],
  [
    "an unknown inner key, told from the keys beside it",
    { name: "a", inner: { list: [], lists: [] } },
    "x.inner.lists: is not a known key, did you mean list? Known keys: list",
  ],
  [
    "a key that is no word, shown quoted",
    { name: "a", "na\nme": 1 },
    'x."na\\nme": is not a known key, did you mean name? Known keys: name, color, size, inner',
  ],
] as const) {
  test(`${what} is named by its path, its value and what is allowed`, () => {
    assert.deepEqual(
      faultsOf((faults) => parse(schema, value, "x", faults)),
      [fault],
    );
  });
}

test("every mismatch is named, not only the first", () => {
  const value = { color: "blue", size: 0, extra: 1, more: 2 };
  const found = faultsOf((faults) => parse(schema, value, "", faults));
  assert.deepEqual(found.map((fault) => fault.split(":")[0]).sort(), [
    "color",
    "extra",
    "more",
    "name",
    "size",
  ]);
});

const withList = strict({
  list: z.array(z.int()).default([]),
  name: z.string(),
  size: z.int().optional(),
});

test("key by key, a value that does not match is null, and the others are read", () => {
  const value = { name: 5, size: 1, extra: 1 };
  const faults = new Faults();
  assert.deepEqual(parseKeys(withList, value, "", faults), {
    list: [],
    name: null,
    size: 1,
  });
  assert.deepEqual(
    faults.all.map(({ path }) => path),
    ["name", "extra"],
  );
});

test("key by key, a list that does not match has its items that do", () => {
  const value = { list: [1, "two", 3], name: "a" };
  const { list } = parseKeys(withList, value, "", new Faults());
  assert.deepEqual(list, [1, 3]);
});

for (const value of ["text", null, undefined]) {
  test(`key by key, ${value} has no values, and is a fault`, () => {
    const faults = new Faults();
    const { name } = parseKeys(withList, value, "x", faults);
    assert.equal(name, null);
    assert.deepEqual(
      faults.all.map(({ path }) => path),
      ["x"],
    );
  });
}

test("complete values are returned, and with a fault none are", () => {
  const faults = new Faults();
  const values = { name: "a" };
  assert.equal(complete(values, faults), values);
  faults.add("elsewhere", "is wrong");
  assert.throws(() => complete(values, faults), FaultsError);
});

test("a value that does not match is never taken for complete", () => {
  assert.throws(() => complete<{ name: string }>({ name: null }, new Faults()));
});

test("a text becomes the value that is read from it, or its fault says what is wrong", () => {
  const number = strict({
    a: textRead((text) => Number(text) || "is no number"),
  });
  assert.deepEqual(parse(number, { a: "7" }, "x", new Faults()), { a: 7 });
  assert.deepEqual(
    faultsOf((faults) => parse(number, { a: "b" }, "x", faults)),
    ['x.a: "b" is no number'],
  );
});
