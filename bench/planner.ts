import { join } from "node:path";
import { run } from "../lab/exec.ts";
import { root } from "../lab/paths.ts";

/** What reading, checking and planning an inventory took, without Pulumi, in a process that did it for the first time. */
export interface Planned {
  readonly workers: number;
  readonly milliseconds: number;
  /** What the plan holds on to. */
  readonly heapMiB: number;
}

const sizes = [50, 100, 200, 500, 1000, 2000, 5000];

export async function measurePlanner(rounds: number): Promise<Planned[]> {
  const planned: Planned[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const workers of sizes) {
      const args = ["--expose-gc"];
      const program = join(import.meta.dirname, "plannerRun.ts");
      const said = await run(
        process.execPath,
        [...args, program, String(workers)],
        { cwd: root },
      );
      planned.push({ workers, ...JSON.parse(said) });
    }
  }
  return planned;
}
