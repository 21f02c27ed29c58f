import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { foreignText, printable } from "../../../components/core/plainText.ts";
import { anyText, nasty } from "../hostileText.ts";

const text = fc.oneof(anyText, fc.constantFrom(...nasty));

test("what is printable stays as it is, and all else is written as its code", () => {
  assert.equal(printable("a ~ {b} <c>"), "a ~ {b} <c>");
  assert.equal(
    printable("\u001b[2J\u202ename\u009b é\n"),
    "\\u001b[2J\\u202ename\\u009b \\u00e9\\u000a",
  );
});

test("Pulumi's colour codes are escaped", () => {
  assert.equal(printable("<{%red%}>"), "<\\u007b%red%}>");
  assert.equal(foreignText("<{%reset%}>ok"), "<\\u007b%reset%}>ok");
});

test("any text from outside is one line of printable ASCII, of bounded length, without Pulumi's colours", () => {
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 400 }), (said, length) => {
      const line = foreignText(said, length);
      assert.match(line, /^[ -~]*$/);
      assert.ok(line.length <= length + 4);
      assert.ok(!line.includes("<{%"));
    }),
  );
});

test("several lines become one, and a short text is not cut", () => {
  assert.equal(foreignText(" one\r\n\ttwo \n"), "one two");
  assert.equal(foreignText("x".repeat(9), 10), "x".repeat(9));
  assert.equal(foreignText("x".repeat(11), 10), `${"x".repeat(10)} ...`);
  assert.equal(foreignText(" ".repeat(1000), 10), " ...");
});
