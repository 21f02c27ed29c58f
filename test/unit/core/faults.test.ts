import assert from "node:assert/strict";
import { test } from "node:test";
import { Faults, FaultsError, show } from "../../../components/core/faults.ts";

test("without a fault nothing is thrown", () => {
  new Faults().throwIfAny("the configuration cannot be used");
});

test("all faults are thrown at once, one a line, after what they mean", () => {
  const faults = new Faults();
  faults.add("a", "is wrong");
  faults.add("b[0].c", "is wrong too");
  assert.throws(
    () => faults.throwIfAny("the configuration cannot be used"),
    (error) => {
      assert.ok(error instanceof FaultsError);
      assert.equal(
        error.message,
        [
          "the configuration cannot be used: 2 faults; nothing was changed",
          "  - a: is wrong",
          "  - b[0].c: is wrong too",
        ].join("\n"),
      );
      assert.deepEqual(error.faults, faults.all);
      return true;
    },
  );
});

test("a single fault is counted in the singular", () => {
  const faults = new Faults();
  faults.add("a", "is wrong");
  assert.throws(() => faults.throwIfAny("x"), /^FaultsError: x: 1 fault;/);
});

test("a fault is one line and cannot steer a terminal", () => {
  const faults = new Faults();
  faults.add("a\u001b[2J", "x\ny\r\0\u009b\u2028z");
  assert.deepEqual(faults.all, [
    { path: "a\\u001b[2J", message: "x\\u000ay\\u000d\\u0000\\u009b\\u2028z" },
  ]);
});

for (const [value, shown] of [
  ["10.200.0.1", '"10.200.0.1"'],
  ["", '""'],
  ['say "hi"', '"say \\"hi\\""'],
  ["two\nlines\0\u001b[31m", '"two\\nlines\\u0000\\u001b[31m"'],
  ["\u007f\u0085\u2028\u202e", '"\\u007f\\u0085\\u2028\\u202e"'],
  ["naïve 😀", '"na\\u00efve \\ud83d\\ude00"'],
  [7, "7"],
  [null, "null"],
  [undefined, "undefined"],
  [{ a: ["b"] }, '{"a":["b"]}'],
] as const) {
  test(`${shown} is shown quoted and in printable ASCII`, () => {
    assert.equal(show(value), shown);
  });
}

test("a value of a million characters is shown in 80", () => {
  const shown = show("x".repeat(1e6));
  assert.match(shown, /^"x+ \.\.\."$/);
  assert.ok(shown.length <= 81, `${shown.length}`);
});

test("a value that is nested without end, or refers to itself many times over, is shown as any other", () => {
  const deep = JSON.parse(`${"[".repeat(1e5)}${"]".repeat(1e5)}`);
  assert.equal(show(deep), `${"[".repeat(76)} ..."`);
  let bomb: unknown = "lol";
  for (let i = 0; i < 30; i++) {
    bomb = { a: bomb, b: bomb };
  }
  assert.match(show(bomb), /^(\{"a":)+.* \.\.\."$/);
});
