import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Faults } from "../components/core/faults.ts";
import { readMachines } from "../components/inventory/machinesFile.ts";
import type { Node } from "../components/inventory/nodes.ts";
import type { HostSpec } from "./host.ts";
import { root } from "./paths.ts";

/** The inventory of the stack `dev`. */
export const machines = "examples/machines.txt";

export function devNodes(): Node[] {
  const faults = new Faults();
  const text = readFileSync(join(root, machines), "utf8");
  const nodes = readMachines(text, machines, faults);
  faults.throwIfAny(machines);
  return nodes;
}

/** The hosts of the lab for nodes of that inventory. */
export function devHosts(nodes: readonly Node[]): HostSpec[] {
  return nodes.map(({ name, address }) => ({
    name,
    addresses: [`${address}/24`],
    kind: "plain",
    iface: "ens160",
  }));
}
