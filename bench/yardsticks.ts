import { scatteredId } from "./contenders/variants.ts";
import {
  type Figure,
  type Measure,
  ratios,
  select,
  sizesOf,
} from "./figures.ts";
import type { Layout } from "./inventory.ts";
import type { Planned } from "./planner.ts";

/** Something that ours is held to. */
export interface Yardstick {
  readonly what: string;
  /** The median of what was measured has to be at most this. */
  readonly most: number;
  /** What was measured, mostly as ratios, one a round. None: it was not measured in this run. */
  readonly values: readonly number[];
}

/** All yardsticks that these figures have something to say about. */
export function yardsticks(
  figures: readonly Figure[],
  planned: readonly Planned[],
): Yardstick[] {
  const of = (contender: string, hosts: number, measure: Figure["measure"]) =>
    select(figures, contender, hosts, measure);
  const against = (
    peer: string,
    hosts: number,
    measure: Measure,
    most: number,
    layout: Layout = "sequential",
  ): Yardstick => {
    const scattered = layout === "scattered";
    const where = `${hosts} hosts${scattered ? ", scattered" : ""}`;
    return {
      what: `${verbs[measure]}, ${where}: ours ÷ ${peers[peer] ?? peer}`,
      most,
      values: ratios(
        of(ourIds[layout], hosts, measure),
        of(peer, hosts, measure),
      ),
    };
  };
  const both = ["apply", "add"] as const;
  return [
    ...[100, 300].flatMap((hosts) =>
      both.map((measure) => against("floor", hosts, measure, 1.25)),
    ),
    ...both.map((measure) => against("floor", 100, measure, 1.35, "scattered")),
    ...both.map((measure) => against("opentofu", 100, measure, 1.6)),
    ...both.map((measure) => against("ansible", 100, measure, 0.2)),
    ...sizesOf(figures)
      .filter((hosts) => hosts >= 10)
      .flatMap((hosts) =>
        both.map((measure) => against("guide", hosts, measure, 1)),
      ),
    {
      what: "no-change preview of the stack dev ÷ of a program with one command",
      most: 1.25,
      values: ratios(of("ours", 3, "preview"), of("floor", 1, "preview")),
    },
    {
      what: "first apply, 300 hosts ÷ 100 hosts",
      most: 3.2,
      values: ratios(of("ours", 300, "apply"), of("ours", 100, "apply")),
    },
    {
      what: "size of the state, 300 hosts ÷ 100 hosts",
      most: 3.2,
      values: quotients(
        of("ours", 300, "apply").map(({ stateBytes }) => stateBytes),
        of("ours", 100, "apply").map(({ stateBytes }) => stateBytes),
      ),
    },
    {
      what: "peak memory of the program, 300 hosts: ours ÷ engine floor",
      most: 1.5,
      values: quotients(
        of("ours", 300, "memory").map(({ memory }) => memory?.programMiB),
        of("floor", 300, "memory").map(({ memory }) => memory?.programMiB),
      ),
    },
    {
      what: "planning 5,000 workers, seconds",
      most: 1,
      values: planned
        .filter(({ workers }) => workers === 5000)
        .map(({ milliseconds }) => milliseconds / 1000),
    },
  ].filter(({ values }) => values.length > 0);
}

/** The ids of our own program, by the inventory that it works on. */
export const ourIds: Readonly<Record<Layout, string>> = {
  sequential: "ours",
  scattered: scatteredId("ours"),
};

/** What a measure is called. */
export const verbs: Readonly<Record<Measure, string>> = {
  apply: "first apply",
  again: "no-change run",
  add: "one worker added",
  destroy: "destroy",
};

const peers: Readonly<Record<string, string>> = {
  floor: "engine floor",
  opentofu: "OpenTofu",
  ansible: "Ansible",
  guide: "the guide's loop",
};

/** Value by value, as far as both go. */
function quotients(
  above: readonly (number | undefined)[],
  below: readonly (number | undefined)[],
): number[] {
  return above.flatMap((a, i) => {
    const b = below[i];
    return a === undefined || b === undefined ? [] : [a / b];
  });
}
