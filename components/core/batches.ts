/** Does `work` on at most `size` items at a time, part after part, and joins what comes of it, in order. */
export async function inBatches<T, R>(
  items: readonly T[],
  size: number,
  work: (part: T[]) => Promise<readonly R[]>,
): Promise<R[]> {
  const results: R[] = [];
  for (let i = 0; i < items.length; i += size) {
    results.push(...(await work(items.slice(i, i + size))));
  }
  return results;
}
