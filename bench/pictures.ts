import { parse, View } from "vega";
import { compile } from "vega-lite";
import { type Kind, layoutOf } from "./contender.ts";
import {
  type Figure,
  measures,
  median,
  select,
  sizesOf,
  walls,
} from "./figures.ts";
import type { Planned } from "./planner.ts";
import { verbs } from "./yardsticks.ts";

/** A point of one line in one panel of a picture. */
interface Point {
  readonly panel: string;
  readonly line: string;
  readonly x: number;
  readonly y: number | undefined;
}

/** Seconds against hosts, a line for each contender with the sequential inventory. */
export function peersPicture(
  kinds: readonly Kind[],
  figures: readonly Figure[],
): Promise<string> {
  const sizes = sizesOf(figures);
  const points = kinds
    .filter((kind) => layoutOf(kind) === "sequential")
    .flatMap(({ id, title }) =>
      measures.flatMap((measure) =>
        sizes.map((hosts) => ({
          panel: `${verbs[measure]}, seconds`,
          line: title.replaceAll("`", ""),
          x: hosts,
          y: median(walls(select(figures, id, hosts, measure))),
        })),
      ),
    );
  return picture(points, "hosts");
}

/** Time and heap against workers, and what they would be if they grew as the workers do. */
export function plannerPicture(planned: readonly Planned[]): Promise<string> {
  const sizes = [...new Set(planned.map(({ workers }) => workers))];
  const largest = Math.max(...sizes);
  const panel = (panel: string, of: (one: Planned) => number): Point[] => {
    const at = (size: number) =>
      median(planned.filter(({ workers }) => workers === size).map(of));
    const end = at(largest) ?? 0;
    return sizes.flatMap((x) => [
      { panel, line: "measured", x, y: at(x) },
      { panel, line: "linear", x, y: (end * x) / largest },
    ]);
  };
  const points = [
    ...panel("planning, milliseconds", ({ milliseconds }) => milliseconds),
    ...panel("what the plan holds, MiB", ({ heapMiB }) => heapMiB),
  ];
  return picture(points, "workers");
}

/** A picture as SVG: panels two abreast, in which both axes are logarithmic. */
async function picture(points: Point[], xTitle: string): Promise<string> {
  // a logarithmic axis has no place for others
  const values = points.filter(({ y = 0 }) => y > 0);
  const panels = [...new Set(values.map(({ panel }) => panel))];
  const { spec } = compile({
    background: "#fff",
    config: {
      legend: { orient: "bottom", columns: 3, labelLimit: 300, title: null },
    },
    data: { values },
    columns: 2,
    facet: { field: "panel", type: "nominal", sort: panels, title: null },
    resolve: { scale: { y: "independent" }, axis: { x: "independent" } },
    spec: {
      width: 320,
      height: 200,
      mark: { type: "line", point: true },
      encoding: {
        x: {
          field: "x",
          type: "quantitative",
          scale: { type: "log", nice: false },
          axis: { values: values.map(({ x }) => x), title: xTitle },
        },
        y: {
          field: "y",
          type: "quantitative",
          scale: { type: "log" },
          axis: { title: null },
        },
        // lines are told apart by shape too, by those who do not see all colours
        color: { field: "line", type: "nominal", sort: null },
        shape: { field: "line", type: "nominal", sort: null },
      },
    },
  });
  return `${await new View(parse(spec), { renderer: "none" }).toSVG()}\n`;
}
