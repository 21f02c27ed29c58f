import type { Kind } from "./contender.ts";
import { type Figure, measures, median, select, walls } from "./figures.ts";
import type { Planned } from "./planner.ts";
import { type Panel, plot, type Series } from "./plot.ts";
import { verbs } from "./yardsticks.ts";

/** Seconds against hosts, a line a contender. */
export function peersPicture(
  kinds: readonly Kind[],
  figures: readonly Figure[],
): string {
  const sizes = [...new Set(figures.map(({ hosts }) => hosts))].sort(
    (a, b) => a - b,
  );
  const panels: Panel[] = measures.map((measure) => ({
    title: `${verbs[measure]}, seconds`,
    series: kinds.map(({ id, title }) =>
      line(title.replaceAll("`", ""), sizes, (hosts) =>
        median(walls(select(figures, id, hosts, measure))),
      ),
    ),
  }));
  return plot(panels, "hosts");
}

/** Time and heap against workers, and what they would be if they grew as the workers do. */
export function plannerPicture(planned: readonly Planned[]): string {
  const sizes = [...new Set(planned.map(({ workers }) => workers))];
  const largest = Math.max(...sizes);
  const panel = (title: string, of: (one: Planned) => number): Panel => {
    const measured = line("measured", sizes, (size) =>
      median(planned.filter(({ workers }) => workers === size).map(of)),
    );
    const end = measured.points.at(-1)?.[1] ?? 1;
    const linear = line("linear", sizes, (size) => (end * size) / largest);
    return { title, series: [measured, linear] };
  };
  const panels = [
    panel("planning, milliseconds", ({ milliseconds }) => milliseconds),
    panel("what the plan holds, MiB", ({ heapMiB }) => heapMiB),
  ];
  return plot(panels, "workers");
}

function line(
  name: string,
  sizes: readonly number[],
  value: (size: number) => number | undefined,
): Series {
  const points = sizes.flatMap((size) => {
    const y = value(size);
    return y === undefined || y <= 0 ? [] : [[size, y] as const];
  });
  return { name, points };
}
