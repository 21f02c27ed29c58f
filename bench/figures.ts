import type { Cost } from "./measure.ts";
import type { Memory } from "./memory.ts";

/** What is measured of a contender in a round, in this order. */
export const measures = ["apply", "again", "add", "destroy"] as const;
export type Measure = (typeof measures)[number];

/** A figure: of one contender, on so many hosts, in one round. */
export interface Figure {
  readonly hosts: number;
  readonly round: number;
  readonly contender: string;
  readonly measure: Measure | "memory" | "preview";
  readonly cost?: Cost;
  readonly memory?: Memory;
  /** Size of the state afterwards. */
  readonly stateBytes?: number;
  /** Why there is no figure: what the contender failed with, or what was wrong on the hosts afterwards. */
  readonly refused?: string;
}

/** The figures of one contender and measure, on so many hosts. */
export function select(
  figures: readonly Figure[],
  contender: string,
  hosts: number,
  measure: Figure["measure"],
): Figure[] {
  return figures.filter(
    (figure) =>
      figure.contender === contender &&
      figure.hosts === hosts &&
      figure.measure === measure,
  );
}

/** The sizes that were measured, from the smallest to the largest. */
export function sizesOf(figures: readonly Figure[]): number[] {
  const sizes = new Set(figures.map(({ hosts }) => hosts));
  return [...sizes].sort((a, b) => a - b);
}

/** Wall clock seconds. */
export function walls(figures: readonly Figure[]): number[] {
  return figures.flatMap(({ cost }) => cost?.wallSeconds ?? []);
}

/**
 * How many times as long one took as the other, once for every round in which both were measured: what
 * slows the machine down for a while slows down both.
 */
export function ratios(
  ours: readonly Figure[],
  theirs: readonly Figure[],
): number[] {
  return ours.flatMap(({ round, cost }) => {
    const other = theirs.find((figure) => figure.round === round)?.cost;
    return cost === undefined || other === undefined
      ? []
      : [cost.wallSeconds / other.wallSeconds];
  });
}

/** The middle one; undefined of none. */
export function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const low = sorted[Math.ceil(sorted.length / 2) - 1];
  const high = sorted[Math.floor(sorted.length / 2)];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}
