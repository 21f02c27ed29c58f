import { availableParallelism } from "node:os";

/** Does something with each of many, as many at a time as there are processors to do it. */
export async function each<T, R>(
  all: readonly T[],
  work: (one: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const rest = [...all.entries()];
  const worker = async () => {
    for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
      const [i, one] = next;
      results[i] = await work(one);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return results;
}
