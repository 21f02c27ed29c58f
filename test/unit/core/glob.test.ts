import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { matchesGlob } from "../../../components/core/glob.ts";
import { assertLinear } from "../growth.ts";

for (const [pattern, text, expected] of [
  ["*", "", true],
  ["", "", true],
  ["", "a", false],
  ["worker-*", "worker-0", true],
  ["worker-*", "worker", false],
  ["worker-?", "worker-10", false],
  ["*-?", "a-b-c", true],
  ["a*b*c", "aXbYbZc", true],
  ["10.0.0.?", "10x0.0.1", false],
  ["a.b", "axb", false],
] as const) {
  test(`${JSON.stringify(pattern)} ${expected ? "stands" : "does not stand"} for ${JSON.stringify(text)}`, () => {
    assert.equal(matchesGlob(pattern, text), expected);
  });
}

test("a pattern stands for what the same regular expression matches", () => {
  const word = (letters: string) =>
    fc.string({ unit: fc.constantFrom(...letters), maxLength: 8 });
  fc.assert(
    fc.property(word("ab*?"), word("ab"), (pattern, text) => {
      const same = pattern.replaceAll("*", ".*").replaceAll("?", ".");
      assert.equal(
        matchesGlob(pattern, text),
        new RegExp(`^${same}$`).test(text),
      );
    }),
  );
});

test("many asterisks cost no more than pattern times text", () => {
  const pattern = `${"*a".repeat(8)}b`;
  assertLinear(4_000, 32, (size) => matchesGlob(pattern, "a".repeat(size)));
});
