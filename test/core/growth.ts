/**
 * How many times as long something takes with a large input as with a small one: the best of several runs of
 * each, so that what else the machine does counts little. Of linear work that is `large / small`.
 */
export function growth(
  small: number,
  large: number,
  work: (size: number) => unknown,
): number {
  const best = (size: number) => {
    let least = Number.POSITIVE_INFINITY;
    for (let run = 0; run < 7; run++) {
      const start = process.hrtime.bigint();
      work(size);
      least = Math.min(least, Number(process.hrtime.bigint() - start));
    }
    return least;
  };
  work(small);
  return best(large) / best(small);
}
