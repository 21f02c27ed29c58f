import { z } from "zod";
import { parseAddress, parseCidr } from "../core/cidr.ts";
import { Faults } from "../core/faults.ts";
import { foreignText } from "../core/plainText.ts";
import { hostInput } from "../hosts/hostInput.ts";
import { type HostInput, readInput } from "../hosts/hostState.ts";
import { type HostWants, namedOn, routesFor } from "../hosts/hostWants.ts";
import { type Node, readNodes } from "../inventory/nodes.ts";
import {
  type PodRoute,
  podRoutes,
  type Route,
  routeTable,
} from "../inventory/routeTable.ts";
import type { StackResource } from "./exportedState.ts";
import { VerifyError } from "./verifyError.ts";

/** What a component of the hosts target wants, by the stack's state. */
export interface WantedHosts {
  readonly table: readonly Route[];
  /** Undefined: the state was made by a version that did not record the nodes. */
  readonly nodes: readonly Node[] | undefined;
  /** The input that the command of a node should have. */
  of(node: Node): HostInput;
}

const inputs = z.object({
  nodes: z.record(z.string(), z.record(z.string(), z.unknown())),
  hostRoutes: z.boolean(),
  controllerRoutes: z.boolean(),
  controllerHosts: z.boolean(),
  healInterval: z.int(),
});

/** Reads the inputs that `recordedWants` wrote. Throws a {@link VerifyError} if somebody has changed them. */
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
    throw changed(
      `of ${component.urn} inputs that no component has (${where ?? ""})`,
    );
  }
  const wants: HostWants = { ...data, cluster };
  const table = routeTable(cluster);
  const routes = podRoutes(cluster);
  const nodeOf = new Map(table.map((r) => [r.destination, r.node]));
  return {
    table,
    nodes: cluster,
    of: (node) => wantedInput(node, wants, routes, nodeOf),
  };
}

function wantedInput(
  node: Node,
  wants: HostWants,
  table: readonly PodRoute[],
  nodeOf: ReadonlyMap<string, string>,
): HostInput {
  const stdin = hostInput({
    // the owner and adoptExisting are not compared
    owner: "nobody",
    adoptExisting: false,
    node,
    table,
    healInterval: wants.healInterval,
    routes: routesFor(node, wants, table),
    named: namedOn(node, wants),
  });
  const input = readInput(stdin, nodeOf);
  if (typeof input === "string") {
    throw changed(`that ${node.name} wants ${input}`);
  }
  return input;
}

const table = z
  .array(
    z.object({
      destination: z
        .string()
        .refine((text) => typeof parseCidr(text) !== "string"),
      nextHop: z
        .string()
        .refine((text) => typeof parseAddress(text) !== "string"),
      node: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,252}$/),
    }),
  )
  .nullish();

/** The route table among the outputs of a component. Throws a {@link VerifyError} if somebody has changed it. */
export function readRouteTable({ urn, outputs }: StackResource): Route[] {
  const { success, data, error } = table.safeParse(outputs.routeTable);
  if (!success) {
    const where = error.issues[0]?.path.join(".") ?? "";
    throw changed(`of ${urn} a routeTable that no component has (${where})`);
  }
  return data ?? [];
}

function changed(what: string): VerifyError {
  return new VerifyError(
    `the stack's state says ${foreignText(what, 600)}; somebody has changed the state, and an update (pulumi up) writes it anew`,
  );
}
