import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Faults } from "../components/core/faults";
import type { Node } from "../components/core/inventory";
import { readMachines } from "../components/core/machines";
import { root } from "./paths";

/** The inventory of the stack `dev`. */
export const machines = "examples/machines.txt";

export function devNodes(): Node[] {
  const faults = new Faults();
  const text = readFileSync(join(root, machines), "utf8");
  const nodes = readMachines(text, machines, faults);
  faults.throwIfAny(machines);
  return nodes;
}
