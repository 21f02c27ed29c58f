import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Kind } from "./contender.ts";
import { figuresCsv, plannerCsv } from "./csvFile.ts";
import type { Figure } from "./figures.ts";
import { BenchHosts } from "./hosts.ts";
import { cleaning, cleanOnInterrupt } from "./interrupt.ts";
import { machine } from "./machine.ts";
import { peersPicture, plannerPicture } from "./pictures.ts";
import { measurePlanner } from "./planner.ts";
import { measurePreviews } from "./previews.ts";
import { report } from "./report.ts";
import { Track } from "./rounds.ts";
import { readSettings, type Settings } from "./settings.ts";
import { getTools, type Tools } from "./tools.ts";

/** `npm run bench`; see README.md beside this file. */
export async function bench(args: readonly string[]): Promise<number> {
  const settings = readSettings(args);
  // short, because sockets are made below it
  const directory = mkdtempSync("/tmp/pnr-bench-");
  cleanOnInterrupt();
  const clean = () => rmSync(directory, { recursive: true, force: true });
  return cleaning(clean, () => run(settings, directory));
}

async function run(settings: Settings, directory: string): Promise<number> {
  const tools = await getTools(directory, settings.only, settings.layouts);
  const figures = await race(settings, tools, directory);
  console.log("previews of the stack dev");
  figures.push(...(await measurePreviews(tools, directory, settings.previews)));
  console.log("the planner");
  const planned = await measurePlanner(settings.plannerRounds);
  const text = report({
    kinds: tools.kinds,
    figures,
    planned,
    about: about(settings, tools),
    pictures: ["peers.svg", "planner.svg"],
  });
  const write = (file: string, text: string) =>
    writeFileSync(join(settings.out, file), text);
  write("planner.csv", plannerCsv(planned));
  write("figures.csv", figuresCsv(figures));
  write("peers.svg", await peersPicture(tools.kinds, figures));
  write("planner.svg", await plannerPicture(planned));
  write("report.md", text);
  console.log(`\n${text}\nwritten to ${settings.out}`);
  return figures.some(({ refused }) => refused !== undefined) ? 1 : 0;
}

/** All rounds. What has been measured lies in figures.csv from the first round on. */
async function race(
  settings: Settings,
  tools: Tools,
  directory: string,
): Promise<Figure[]> {
  const kinds = tools.kinds;
  const most = Math.max(...settings.rounds.map(({ hosts }) => hosts)) + 1;
  const hosts = await BenchHosts.raise(most);
  const track = new Track(hosts, directory, settings.parallel);
  const figures: Figure[] = [];
  const add = (...more: Figure[]) => {
    for (const figure of more) {
      console.log(line(figure));
    }
    figures.push(...more);
    mkdirSync(settings.out, { recursive: true });
    writeFileSync(join(settings.out, "figures.csv"), figuresCsv(figures));
  };
  return cleaning(
    () => hosts.down(),
    async () => {
      await hosts.grow(3);
      console.log(
        "warming up: what is read for the first time stays in memory",
      );
      for (const kind of kinds) {
        const warm = await track.round(kind, 2, 0, ["apply", "destroy"]);
        const refused = warm.find((figure) => figure.refused !== undefined);
        if (refused !== undefined) {
          throw new Error(
            `${kind.title} does not work here: ${refused.refused}`,
          );
        }
      }
      for (const { hosts: size, rounds } of settings.rounds) {
        await hosts.grow(size + 1);
        const slow = new Set<Kind>();
        for (let round = 1; round <= rounds; round++) {
          // another order each time: nobody always comes after the same one
          for (const kind of rotated(kinds, round).filter(
            (k) => !slow.has(k),
          )) {
            const measured = await track.round(kind, size, round);
            add(...measured);
            if (
              (measured[0]?.cost?.wallSeconds ?? 0) > settings.patienceSeconds
            ) {
              slow.add(kind);
            }
          }
        }
        for (const kind of kinds.filter((k) => !settings.quick || k.program)) {
          add(await track.memory(kind, size));
        }
      }
      return figures;
    },
  );
}

function rotated<T>(all: readonly T[], by: number): T[] {
  const at = by % all.length;
  return [...all.slice(at), ...all.slice(0, at)];
}

function line(figure: Figure): string {
  const { hosts, round, contender, measure, cost, memory, refused } = figure;
  const value =
    refused !== undefined
      ? `refused: ${refused}`
      : cost !== undefined
        ? `${cost.wallSeconds.toFixed(2)} s, ${cost.cpuSeconds.toFixed(2)} s of processor time`
        : `${memory?.treeMiB.toFixed(0)} MiB, ${memory?.programMiB.toFixed(0)} MiB of the program`;
  return `${hosts} hosts, round ${round}, ${contender}, ${measure}: ${value}`;
}

function about({ parallel, rounds }: Settings, tools: Tools): string[] {
  const versions = tools.kinds.map(
    ({ title, version }) => `${title}: ${version}`,
  );
  return [
    `${new Date().toISOString().slice(0, 10)}; ${machine()}`,
    `the command plugin of ours and of the engine floor: ${tools.engine.plugin}`,
    `${parallel} hosts at a time; rounds: ${rounds.map(({ hosts, rounds }) => `${rounds} with ${hosts} hosts`).join(", ")}`,
    ...versions,
  ];
}
