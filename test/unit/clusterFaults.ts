import assert from "node:assert/strict";
import { type Cidr, parseCidr } from "../../components/core/cidr.ts";
import { Faults } from "../../components/core/faults.ts";
import {
  type Node,
  type NodeArgs,
  readNodes,
} from "../../components/inventory/nodes.ts";
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
