import { type Kind, layoutOf } from "./contender.ts";
import {
  type Figure,
  measures,
  median,
  ratios,
  select,
  sizesOf,
  walls,
} from "./figures.ts";
import { type Layout, layouts } from "./inventory.ts";
import type { Planned } from "./planner.ts";
import { bytes, markdownTable, short, spread } from "./text.ts";
import { ourIds, verbs, yardsticks } from "./yardsticks.ts";

/** What a run was, and what it measured. */
export interface Run {
  readonly kinds: readonly Kind[];
  readonly figures: readonly Figure[];
  readonly planned: readonly Planned[];
  /** The machine, the plugin and the like, a line each. */
  readonly about: readonly string[];
  /** The pictures that lie beside the report. */
  readonly pictures: readonly string[];
}

/** The report of a run, in Markdown. */
export function report(run: Run): string {
  const sizes = sizesOf(
    run.figures.filter(({ measure }) => measure === "apply"),
  );
  const refused = run.figures.filter((figure) => figure.refused !== undefined);
  const sections = [
    "# Beside the peers\n\nWritten by `npm run bench`. What each contender does, and how it is set up, is in [README.md](../README.md).\n",
    run.about.map((line) => `- ${line}\n`).join(""),
    `## Yardsticks\n\nMedian, and the smallest and the largest of all rounds.\n\n${yardstickTable(run)}`,
    `## Wall clock time: ours ÷ theirs\n\nBelow 1, ours is faster. Each ratio is of two runs of one round; the median of the rounds, and the smallest and the largest.\n`,
    ...sizes.flatMap((hosts) =>
      layouts.map((layout) => ratioTable(run, hosts, layout)),
    ),
    ...run.pictures.map((file) => `![${file}](${file})\n`),
    "## Seconds, and what they cost\n\nMedian wall clock seconds, the smallest and the largest; processor seconds of a first apply on the side of the client; state and peak memory after and during a first apply.\n",
    ...sizes.map((hosts) => secondsTable(run, hosts)),
    noChangeNote(run),
    ...(run.planned.length > 0 ? [plannerTable(run)] : []),
    ...(refused.length > 0 ? [refusedTable(refused)] : []),
  ];
  return sections.filter((section) => section !== "").join("\n");
}

function yardstickTable({ figures, planned }: Run): string {
  const rows = yardsticks(figures, planned).map(({ what, most, values }) => [
    what,
    `≤ ${most}`,
    spread(values),
    (median(values) ?? Number.POSITIVE_INFINITY) <= most ? "yes" : "**no**",
  ]);
  return markdownTable([["what", "wanted", "measured", "held"], ...rows]);
}

/** Empty if ours did not work on this inventory. */
function ratioTable(
  { kinds, figures }: Run,
  hosts: number,
  layout: Layout,
): string {
  if (select(figures, ourIds[layout], hosts, "apply").length === 0) {
    return "";
  }
  const rows = kinds
    // what the inventory is makes no difference to one that changes nothing
    .filter((kind) => kind.changesNothing || layoutOf(kind) === layout)
    .filter(({ id }) => id !== ourIds[layout])
    .map(({ id, title }) => [
      title,
      ...measures.map((measure) => {
        const of = (who: string) => select(figures, who, hosts, measure);
        return spread(ratios(of(ourIds[layout]), of(id)));
      }),
    ]);
  const head = [
    `${hosts} hosts, ${layout}`,
    ...measures.map((name) => verbs[name]),
  ];
  return markdownTable([head, ...rows]);
}

function secondsTable({ kinds, figures }: Run, hosts: number): string {
  const rows = kinds.map(({ id, title }) => {
    const of = (measure: Figure["measure"]) =>
      select(figures, id, hosts, measure);
    const cpu = median(
      of("apply").flatMap(({ cost }) => cost?.cpuSeconds ?? []),
    );
    const state = median(
      of("apply").flatMap(({ stateBytes }) => stateBytes ?? []),
    );
    const memory = of("memory")[0]?.memory;
    return [
      title,
      ...measures.map((measure) => spread(walls(of(measure)))),
      cpu === undefined ? "" : short(cpu),
      state === undefined ? "" : bytes(state),
      memory === undefined ? "" : `${memory.treeMiB.toFixed(0)} MiB`,
      memory === undefined ? "" : `${memory.programMiB.toFixed(0)} MiB`,
    ];
  });
  const head = [
    `${hosts} hosts`,
    ...measures.map((name) => verbs[name]),
    "CPU",
    "state",
    "memory of all",
    "of the program",
  ];
  return markdownTable([head, ...rows]);
}

/** A no-change run is not the same work for all. */
function noChangeNote({ kinds }: Run): string {
  const ways = [...new Set(kinds.map(({ again }) => again))];
  const named = ways.map((way) => {
    const titles = kinds
      .filter(({ again }) => again === way)
      .map(({ title }) => title);
    return `${titles.join("; ")}: ${way}.`;
  });
  return `A no-change run is not the same work for all. ${named.join(" ")}\n`;
}

function plannerTable({ planned }: Run): string {
  const sizes = [...new Set(planned.map(({ workers }) => workers))];
  const rows = sizes.map((size) => {
    const of = planned.filter(({ workers }) => workers === size);
    return [
      String(size),
      spread(of.map(({ milliseconds }) => milliseconds)),
      short(median(of.map(({ heapMiB }) => heapMiB)) ?? 0),
    ];
  });
  const head = ["workers", "milliseconds", "MiB that the plan holds"];
  return `## The planner\n\nReading, checking and planning an inventory, the first time in a process.\n\n${markdownTable([head, ...rows])}`;
}

function refusedTable(refused: readonly Figure[]): string {
  const rows = refused.map(({ contender, hosts, round, measure, refused }) => [
    contender,
    String(hosts),
    String(round),
    measure,
    `\`${refused?.replace(/[\s|`]+/g, " ").slice(0, 160)}\``,
  ]);
  const head = ["contender", "hosts", "round", "measure", "why"];
  return `## Refused\n\nNo figures, because the hosts were not as they had to be, or the contender failed.\n\n${markdownTable([head, ...rows])}`;
}
