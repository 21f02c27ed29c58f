import { z } from "zod";

/** A whole number in a range. */
export function whole(min: number, max: number) {
  const expected = `expected ${min} to ${max}`;
  return z.int("expected a whole number").min(min, expected).max(max, expected);
}
