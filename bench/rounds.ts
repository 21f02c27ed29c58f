import { mkdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Contender, Kind, Site } from "./contender.ts";
import { type Figure, type Measure, measures } from "./figures.ts";
import type { BenchHosts } from "./hosts.ts";
import { inventory } from "./inventory.ts";
import { measure, measureMemory } from "./measure.ts";

/** Runs contenders on the hosts, and checks that each has done its work. */
export class Track {
  private readonly hosts: BenchHosts;
  private readonly directory: string;
  private readonly parallel: number;

  constructor(hosts: BenchHosts, directory: string, parallel: number) {
    this.hosts = hosts;
    this.directory = directory;
    this.parallel = parallel;
  }

  /** One round of one contender: each measure is checked on the hosts before its figure counts. */
  async round(
    kind: Kind,
    size: number,
    round: number,
    wanted: readonly Measure[] = measures,
  ): Promise<Figure[]> {
    const figures: Figure[] = [];
    const about = { hosts: size, round, contender: kind.id };
    const nodes = inventory(size, kind.layout);
    const more = inventory(size + 1, kind.layout);
    await this.from(kind, async (contender, log) => {
      let described = nodes;
      for (const name of wanted) {
        if (name === "apply" || name === "add") {
          described = name === "add" ? more : nodes;
          await contender.describe(described);
        }
        const command =
          name === "destroy" ? contender.destroy() : contender.apply();
        const figure = { ...about, measure: name };
        try {
          const cost = await measure(command, log);
          const fault =
            name === "destroy" || kind.changesNothing
              ? await this.hosts.left(described)
              : await this.hosts.wrong(described);
          if (fault !== undefined) {
            throw new Error(fault);
          }
          figures.push({ ...figure, cost, ...stateSize(contender) });
        } catch (error) {
          figures.push({ ...figure, refused: (error as Error).message });
          break;
        }
      }
    });
    return figures;
  }

  /** The memory of a first apply. */
  async memory(kind: Kind, size: number): Promise<Figure> {
    const about = { hosts: size, round: 0, contender: kind.id };
    return this.from(kind, async (contender, log) => {
      await contender.describe(inventory(size, kind.layout));
      try {
        const apply = contender.apply();
        const memory = await measureMemory(apply, log, kind.program);
        return { ...about, measure: "memory", memory };
      } catch (error) {
        const refused = (error as Error).message;
        return { ...about, measure: "memory", refused };
      }
    });
  }

  /** Starts a contender from nothing, and afterwards brings the hosts back to what they were. */
  private async from<T>(
    kind: Kind,
    work: (contender: Contender, log: string) => Promise<T>,
  ): Promise<T> {
    const directory = join(this.directory, "at", kind.id);
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    const { lab } = this.hosts;
    const site: Site = { lab, directory, parallel: this.parallel };
    try {
      return await work(await kind.start(site), `${directory}.log`);
    } finally {
      await this.hosts.reset(inventory(lab.hosts.length));
    }
  }
}

function stateSize({ stateFile }: Contender): Pick<Figure, "stateBytes"> {
  return stateFile === undefined
    ? {}
    : { stateBytes: statSync(stateFile).size };
}
