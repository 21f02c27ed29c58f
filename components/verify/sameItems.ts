/** Whether two lists have the same items, in any order and number. */
export function hasSameItems(
  one: readonly string[],
  other: readonly string[],
): boolean {
  const [left, right] = [new Set(one), new Set(other)];
  return left.size === right.size && one.every((item) => right.has(item));
}
