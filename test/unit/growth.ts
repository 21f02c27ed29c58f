import assert from "node:assert/strict";

/** So often is a measurement made again that looks like more than linear growth. */
const attempts = 5;

/**
 * How many times as long something takes with a large input as with a small one: of linear work that is about
 * `large / small`. Both are run in turns, and the best run of each counts. What else the machine does can still
 * make the large one look slow, so a ratio above that of linear work is measured again, and the smallest counts.
 */
export function growth(
  small: number,
  large: number,
  work: (size: number) => unknown,
): number {
  work(small);
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < attempts && least > (1.5 * large) / small; i++) {
    least = Math.min(least, ratio(small, large, work));
  }
  return least;
}

/** Asserts that work with an input 8 times as large takes less than `most` times as long. The message names `input`. */
export function assertLinear(
  small: number,
  most: number,
  work: (size: number) => unknown,
  input = "the input",
): void {
  const times = growth(small, 8 * small, work);
  assert.ok(times < most, `8 times ${input} took ${times} times as long`);
}

function ratio(
  small: number,
  large: number,
  work: (size: number) => unknown,
): number {
  const times = [1, 2, 3].map(() => [timed(work, small), timed(work, large)]);
  const best = (i: 0 | 1) => Math.min(...times.map((pair) => pair[i] ?? 0));
  return best(1) / best(0);
}

function timed(work: (size: number) => unknown, size: number): number {
  const start = performance.now();
  work(size);
  return performance.now() - start;
}
