import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { shownList, shownName } from "../../../components/core/shownName.ts";
import { anyText, nasty } from "../hostileText.ts";

test("a name stays as it is, and all else is quoted", () => {
  for (const name of ["worker-0", "a.b_c", "arn:aws:x/y"]) {
    assert.equal(shownName(name), name);
  }
  for (const name of ["", "my subnet", "x\ny", "a`b`", "<{%red%}>"]) {
    assert.match(shownName(name), /^".*"$/);
  }
});

test("any name is one line of printable ASCII, of bounded length", () => {
  const text = fc.oneof(anyText, fc.constantFrom(...nasty));
  fc.assert(
    fc.property(text, (name) => {
      assert.match(shownName(name), /^[ -~]{1,200}$/);
    }),
  );
});

test("a list names ten, and says how many more there are", () => {
  const items = Array.from({ length: 12 }, (_, i) => `${i}`);
  assert.equal(shownList(items.slice(0, 10)), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9");
  assert.equal(shownList(items), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more");
});
