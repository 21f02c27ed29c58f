/** How much is done at once, and who is told how far it has come. */
export interface Pace {
  readonly parallel: number;
  progress(text: string): void;
}

/** Does something for each of these, some at once, and tells how far it has come. */
export async function each<T, R>(
  all: readonly T[],
  { parallel, progress }: Pace,
  task: (one: T) => Promise<R> | R,
  what = "looked at",
): Promise<R[]> {
  const results: R[] = [];
  let [next, done] = [0, 0];
  const worker = async () => {
    while (next < all.length) {
      const i = next++;
      results[i] = await task(all[i] as T);
      done++;
      progress(`${what} ${done} of ${all.length} hosts`);
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  return results;
}
