import assert from "node:assert/strict";
import { test } from "node:test";
import { Printed } from "../../../components/ssh/printed.ts";
import { assertLinear } from "../growth.ts";

test("what is printed is put together from its pieces, a character of several bytes too", () => {
  const printed = new Printed(100);
  for (const byte of Buffer.from("pod-\u00fc\u2028\u{1f600}\n")) {
    assert.ok(printed.add(Buffer.from([byte])));
  }
  assert.equal(printed.text, "pod-\u00fc\u2028\u{1f600}\n");
});

test("as much as is allowed is taken, and nothing of a piece that is too much", () => {
  const printed = new Printed(10);
  assert.ok(printed.add(Buffer.from("123456789")));
  assert.ok(!printed.add(Buffer.from("ab")));
  assert.ok(printed.add(Buffer.from("0")));
  assert.ok(!printed.add(Buffer.from("c")));
  assert.equal(printed.text, "1234567890");
});

test("time and memory for pieces of one byte grow with their number", () => {
  const byte = Buffer.from("x");
  assertLinear(20_000, 24, (size) => {
    const printed = new Printed(size);
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < size; i++) {
      printed.add(byte);
    }
    assert.ok(process.memoryUsage().arrayBuffers - before < 8 * size);
    return printed.text;
  });
});
