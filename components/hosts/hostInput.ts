import { compareAddresses } from "../core/cidr.ts";
import type { Node } from "../inventory/nodes.ts";
import type { PodRoute } from "../inventory/routeTable.ts";
import { factLines } from "../ssh/pipedScript.ts";
import { routeLines } from "./runs.ts";

/** What one host is told. */
export interface WantedFacts {
  readonly owner: string;
  readonly node: Node;
  readonly adoptExisting: boolean;
  readonly healInterval: number;
  readonly routes: readonly PodRoute[];
  /** The nodes that /etc/hosts is to name. */
  readonly named: readonly Node[];
  /** The whole route table: packets of its address families are forwarded. */
  readonly table: readonly PodRoute[];
}

/** Standard input of the command on a host that makes these facts true. */
export function hostInput(facts: WantedFacts): string {
  const { owner, node } = facts;
  const families = new Set(facts.table.map(({ cidr }) => cidr.family));
  const lines = [
    `owner ${owner}`,
    `node ${node.name} ${node.address}`,
    `adopt ${facts.adoptExisting ? "yes" : "no"}`,
    `heal ${facts.healInterval}`,
    ...[...families].sort().map((family) => `forward ${family}`),
    ...routeLines(facts.routes),
    ...hostsLines(facts.named),
  ];
  return [...factLines(lines), "end", ""].join("\n");
}

/** The facts that an input made by {@link hostInput} states, as the words of its lines. */
export function readHostInput(input: string): string[][] {
  return input.split("\n").map((line) => line.split(" "));
}

function hostsLines(nodes: readonly Node[]): string[] {
  return nodes
    .flatMap((node) => node.internalIps.map((ip) => ({ ip, node })))
    .sort((a, b) => compareAddresses(a.ip, b.ip))
    .map(({ ip, node }) => `hosts ${ip.text} ${node.name}`);
}
