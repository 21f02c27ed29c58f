import { z } from "zod";
import { Faults } from "../core/faults.ts";
import { foreignText } from "../core/plainText.ts";
import { hostInput } from "../hosts/hostInput.ts";
import { type HostInput, readInput } from "../hosts/hostState.ts";
import { type HostWants, namedOn, routesFor } from "../hosts/hostWants.ts";
import { type Node, readNodes } from "../inventory/nodes.ts";
import { type Route, routeTable } from "../inventory/routeTable.ts";
import { readRouteTable } from "./recordedTable.ts";
import type { StackResource } from "./state.ts";
import { VerifyError } from "./verifyError.ts";

/** What a component of the hosts target says it wants. */
export interface WantedHosts {
  readonly table: readonly Route[];
  /** Undefined: a version that did not record its nodes made this state. */
  readonly nodes: readonly Node[] | undefined;
  /** What the command of a node is to be told. */
  of(node: Node): HostInput;
}

const inputs = z.object({
  nodes: z.record(z.string(), z.record(z.string(), z.unknown())),
  hostRoutes: z.boolean(),
  controllerRoutes: z.boolean(),
  controllerHosts: z.boolean(),
  healInterval: z.int(),
});

/** Reads the inputs that {@link recordedWants} made. Throws a {@link VerifyError} if somebody has changed them. */
export function readWantedHosts(component: StackResource): WantedHosts {
  if (component.inputs.nodes === undefined) {
    const of = () => {
      throw new Error("no nodes are recorded");
    };
    return { table: readRouteTable(component), nodes: undefined, of };
  }
  const faults = new Faults();
  const { success, data, error } = inputs.safeParse(component.inputs);
  const nodes = Object.entries(data?.nodes ?? {}).map(([name, node]) => ({
    ...node,
    name,
  }));
  const cluster = readNodes(nodes, "nodes", faults);
  const where = success
    ? faults.all[0]?.path
    : (error.issues[0]?.path.join(".") ?? "");
  if (!success || where !== undefined) {
    throw new VerifyError(
      `the stack's state says of ${foreignText(component.urn)} inputs that no component has (${foreignText(where ?? "")}); somebody has changed the state, and an update (pulumi up) writes them anew`,
    );
  }
  const wants: HostWants = { ...data, cluster };
  const table = routeTable(cluster);
  const nodeOf = new Map(table.map((r) => [r.destination, r.node]));
  return {
    table,
    nodes: cluster,
    of: (node) => wantedInput(node, wants, table, nodeOf),
  };
}

function wantedInput(
  node: Node,
  wants: HostWants,
  table: readonly Route[],
  nodeOf: ReadonlyMap<string, string>,
): HostInput {
  const stdin = hostInput({
    // neither matters to what is compared
    ...{ owner: "nobody", adoptExisting: false },
    ...{ node, table, healInterval: wants.healInterval },
    routes: routesFor(node, wants, table),
    named: namedOn(node, wants),
  });
  const input = readInput(stdin, nodeOf);
  if (typeof input === "string") {
    throw new VerifyError(
      `the stack's state wants of ${node.name} ${foreignText(input)}; somebody has changed the state, and an update (pulumi up) writes it anew`,
    );
  }
  return input;
}
