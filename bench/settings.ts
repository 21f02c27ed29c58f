import { join } from "node:path";
import { parseArgs } from "node:util";
import { local } from "../lab/paths.ts";
import { type Layout, layouts } from "./inventory.ts";

/** What is to be measured. */
export interface Settings {
  readonly rounds: readonly {
    readonly hosts: number;
    readonly rounds: number;
  }[];
  /** Ids of contenders; empty: all. */
  readonly only: readonly string[];
  /** The inventories that those contenders work on that take both. */
  readonly layouts: readonly Layout[];
  /** How many hosts a contender may work on at a time. */
  readonly parallel: number;
  /** A contender whose first apply takes longer than this has one round of that size, no more. */
  readonly patienceSeconds: number;
  /** Memory is measured of the programs of Pulumi only. */
  readonly quick: boolean;
  readonly previews: number;
  readonly plannerRounds: number;
  /** Where the figures, the report and the pictures go. */
  readonly out: string;
}

const usage = `usage: npm run bench -- [--quick] [--hosts N:ROUNDS,...] [--only ID,...] [--inventory sequential,scattered] [--parallel N] [--out DIRECTORY]`;

/** Throws where the arguments make no sense. */
export function readSettings(args: readonly string[]): Settings {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      hosts: { type: "string" },
      only: { type: "string" },
      inventory: { type: "string", default: layouts.join() },
      parallel: { type: "string" },
      out: { type: "string" },
    },
  });
  const { quick } = values;
  const hosts = values.hosts ?? (quick ? "3:1,20:1" : "3:7,30:5,100:3,300:3");
  return {
    rounds: hosts.split(",").map((text) => {
      const [hosts = Number.NaN, rounds = 1] = text.split(":").map(Number);
      return { hosts: integer(hosts, text), rounds: integer(rounds, text) };
    }),
    only: values.only?.split(",") ?? [],
    layouts: values.inventory.split(",").map(layout),
    // what Pulumi takes by itself on two cores
    parallel: integer(Number(values.parallel ?? 8), values.parallel ?? ""),
    patienceSeconds: 120,
    quick,
    previews: quick ? 3 : 15,
    plannerRounds: quick ? 1 : 7,
    // what is recorded is only replaced by a whole run
    out:
      values.out ??
      (quick ? join(local, "bench") : join(import.meta.dirname, "results")),
  };
}

function layout(text: string): Layout {
  const found = layouts.find((one) => one === text);
  if (found === undefined) {
    throw new Error(
      `--inventory ${text}: expected ${layouts.join(" or ")}\n${usage}`,
    );
  }
  return found;
}

function integer(value: number, text: string): number {
  if (!Number.isInteger(value) || value < 1 || value > 1000) {
    throw new Error(`${text}: expected whole numbers from 1 to 1000\n${usage}`);
  }
  return value;
}
