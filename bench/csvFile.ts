import { stringify } from "csv-stringify/sync";
import type { Figure } from "./figures.ts";
import type { Planned } from "./planner.ts";

/** All figures as they were measured. */
export function figuresCsv(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => ({
    hosts: figure.hosts,
    round: figure.round,
    contender: figure.contender,
    measure: figure.measure,
    wall_s: figure.cost?.wallSeconds.toFixed(3),
    cpu_s: figure.cost?.cpuSeconds.toFixed(3),
    state_bytes: figure.stateBytes,
    memory_tree_mib: figure.memory?.treeMiB.toFixed(1),
    memory_program_mib: figure.memory?.programMiB.toFixed(1),
    refused: figure.refused?.replace(/\s+/g, " ").slice(0, 300),
  }));
  return stringify(rows, { header: true });
}

export function plannerCsv(planned: readonly Planned[]): string {
  const rows = planned.map(({ workers, milliseconds, heapMiB }) => ({
    workers,
    milliseconds: milliseconds.toFixed(2),
    heap_mib: heapMiB.toFixed(3),
  }));
  return stringify(rows, { header: true });
}
