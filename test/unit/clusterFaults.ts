import assert from "node:assert/strict";
import { type Cidr, parseCidr } from "../../components/core/cidr.ts";
import { Faults } from "../../components/core/faults.ts";
import {
  hostInput,
  type WantedFacts,
} from "../../components/hosts/hostInput.ts";
import {
  type Node,
  type NodeArgs,
  readNodes,
} from "../../components/inventory/nodes.ts";
import { podRoutes, routesOf } from "../../components/inventory/routeTable.ts";
import {
  type Networks,
  validate,
} from "../../components/inventory/validate.ts";

/** Runs `body`, and returns every fault it found as `path: message`. */
export function faultsOf(body: (faults: Faults) => unknown): string[] {
  const faults = new Faults();
  body(faults);
  return faults.all.map(({ path, message }) => `${path}: ${message}`);
}

/** A CIDR that is known to be good. */
export function cidr(text: string): Cidr {
  const parsed = parseCidr(text);
  assert.ok(typeof parsed === "object", `${text} ${parsed}`);
  return parsed;
}

/** Nodes that are known to be good one by one. */
export function nodes(...args: NodeArgs[]): Node[] {
  const faults = new Faults();
  const read = readNodes(args, "nodes", faults);
  assert.deepEqual(faults.all, []);
  return read;
}

/** A worker in as few words as possible. */
export function worker(
  name: string,
  internalIp: string | string[],
  ...podCidrs: string[]
): NodeArgs {
  return { name, internalIp, podCidrs };
}

/** What a host of this cluster is sent if it is to have all routes, with these parts in place of the usual ones. */
export function inputOf(
  node: Node,
  cluster: readonly Node[],
  parts: Partial<WantedFacts> = {},
): string {
  const table = podRoutes(cluster);
  return hostInput({
    owner: "p.prod.routes",
    node,
    adoptExisting: false,
    healInterval: 10,
    routes: routesOf(node, table),
    named: cluster,
    table,
    ...parts,
  });
}

/** What validation says of these nodes. */
export function validated(
  cluster: readonly Node[],
  networks: Partial<Networks> = {},
): string[] {
  return faultsOf((faults) =>
    validate(
      cluster,
      { nodeSubnets: [], serviceCidrs: [], ...networks },
      "nodes",
      faults,
    ),
  );
}
