import type { Figure } from "./figures.ts";
import type { Planned } from "./planner.ts";
import { csv } from "./text.ts";

/** All figures as they were measured. */
export function figuresCsv(figures: readonly Figure[]): string {
  return csv([
    [
      ...["hosts", "round", "contender", "measure", "wall_s", "cpu_s"],
      ...["state_bytes", "memory_tree_mib", "memory_program_mib", "refused"],
    ],
    ...figures.map((figure) => [
      figure.hosts,
      figure.round,
      figure.contender,
      figure.measure,
      figure.cost?.wallSeconds.toFixed(3),
      figure.cost?.cpuSeconds.toFixed(3),
      figure.stateBytes,
      figure.memory?.treeMiB.toFixed(1),
      figure.memory?.programMiB.toFixed(1),
      figure.refused?.replace(/\s+/g, " ").slice(0, 300),
    ]),
  ]);
}

export function plannerCsv(planned: readonly Planned[]): string {
  return csv([
    ["workers", "milliseconds", "heap_mib"],
    ...planned.map(({ workers, milliseconds, heapMiB }) => [
      workers,
      milliseconds.toFixed(2),
      heapMiB.toFixed(3),
    ]),
  ]);
}
