import assert from "node:assert/strict";
import { test } from "node:test";
import { Gate } from "../../../components/stack/gate.ts";

/** A promise, and what settles it. */
function later() {
  let resolve: () => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<void>((yes, no) => {
    [resolve, reject] = [yes, no];
  });
  return { promise, resolve, reject };
}

/** Two components behind a gate: each looks, and then declares. */
function two() {
  const gate = new Gate(2);
  const looks = [later(), later()] as const;
  const declared: number[] = [];
  const ends = looks.map(({ promise }, i) =>
    gate.pass(async (lookIsGood) => {
      await promise;
      await lookIsGood();
      declared.push(i);
      return i;
    }),
  );
  return { looks, declared, ends };
}

/** Everything that can go on without another event has gone on. */
const idle = () => new Promise((resolve) => setImmediate(resolve));

test("no component declares a resource before all have found nothing wrong", async () => {
  const { looks, declared, ends } = two();
  looks[1].resolve();
  await idle();
  assert.deepEqual(declared, []);
  looks[0].resolve();
  assert.deepEqual(await Promise.all(ends), [0, 1]);
  assert.deepEqual(declared.sort(), [0, 1]);
});

for (const [bad, good] of [
  [0, 1],
  [1, 0],
] as const) {
  test(`if the look of component ${bad} fails, no component declares a resource, and all fail by that one error`, async () => {
    const { looks, declared, ends } = two();
    const error = new Error("the look failed");
    looks[good].resolve();
    await idle();
    looks[bad].reject(error);
    const failures = await Promise.allSettled(ends);
    for (const failure of failures) {
      assert.equal(failure.status === "rejected" && failure.reason, error);
    }
    assert.deepEqual(declared, []);
  });
}

test("if the looks of both fail, each fails by its own error", async () => {
  const { looks, ends } = two();
  const errors = [new Error("one"), new Error("two")] as const;
  const settled = Promise.allSettled(ends);
  looks[0].reject(errors[0]);
  await idle();
  looks[1].reject(errors[1]);
  const failures = await settled;
  assert.deepEqual(
    failures.map((end) => end.status === "rejected" && end.reason),
    [...errors],
  );
});
