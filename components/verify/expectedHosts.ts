import {
  type HostInput,
  type HostState,
  isOdd,
  type OddHost,
  readHostState,
} from "../hosts/hostState.ts";
import type { Route } from "../inventory/routeTable.ts";
import { commandType } from "../ssh/recordedInputs.ts";
import type { StackResource } from "./exportedState.ts";
import { hasSameItems } from "./sameItems.ts";
import { readWantedHosts } from "./wantedHosts.ts";

/** A host for which the stack has a command. */
export interface ExpectedHost {
  /** The host as the component wants it, also if the command still has other input. */
  readonly host: HostState;
  /** The parts of the command's input that differ from what the component wants, in words for people. */
  readonly behind: readonly string[];
  /** Why the host is to be cleaned, in words for people; undefined: it is wanted. */
  readonly removed: string | undefined;
}

/** A wanted node for which the stack has no command. */
export interface AbsentHost {
  readonly node: string;
  readonly address: string;
  /** How many routes it should have. */
  readonly wanted: number;
}

/** What the stack's state says of its hosts. */
export interface Expected {
  readonly table: readonly Route[];
  readonly hosts: readonly ExpectedHost[];
  readonly odd: readonly OddHost[];
  readonly absent: readonly AbsentHost[];
}

/** Compares what components of the hosts target want with the commands in the state. */
export function expectedHosts(
  components: readonly StackResource[],
  resources: readonly StackResource[],
): Expected {
  const all = components.map((component) =>
    expectedOf(
      component,
      resources.filter(
        (one) =>
          one.type === commandType &&
          one.parent === component.urn &&
          !one.delete,
      ),
    ),
  );
  return {
    table: all.flatMap(({ table }) => table),
    hosts: all.flatMap(({ hosts }) => hosts),
    odd: all.flatMap(({ odd }) => odd),
    absent: all.flatMap(({ absent }) => absent),
  };
}

function expectedOf(
  component: StackResource,
  commands: readonly StackResource[],
): Expected {
  const wanted = readWantedHosts(component);
  const { table, nodes } = wanted;
  const nodeOf = new Map(table.map((r) => [r.destination, r.node]));
  const read = commands.map((command) => readHostState(command, nodeOf));
  const odd = read.filter(isOdd);
  const found = read.filter((host): host is HostState => !isOdd(host));
  if (nodes === undefined) {
    const names = new Set(read.map(({ node }) => node));
    return {
      table,
      odd,
      hosts: found.map((host) => ({ host, behind: [], removed: undefined })),
      absent: table
        .filter(({ node }) => !names.has(node))
        .map(({ node, nextHop }) => ({ node, address: nextHop, wanted: 0 })),
    };
  }
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const places = new Set(read.map(({ node, address }) => `${node} ${address}`));
  return {
    table,
    odd,
    hosts: found.map((host) => {
      const node = byName.get(host.node);
      if (node?.address !== host.address) {
        const removed =
          node === undefined
            ? "the node is not in the inventory any more"
            : `the address of the node is ${node.address} now`;
        return { host, behind: [], removed };
      }
      const input = wanted.of(node);
      const { routes, hosts, forward } = input;
      return {
        host: { ...host, routes, hosts, forward },
        behind: differences(host, input),
        removed: undefined,
      };
    }),
    absent: nodes
      .filter(({ name, address }) => !places.has(`${name} ${address}`))
      .map((node) => ({
        node: node.name,
        address: node.address,
        wanted: wanted.of(node).routes.length,
      })),
  };
}

/** The parts of a command's input that differ from what the component wants. */
function differences(actual: HostInput, wanted: HostInput): string[] {
  const routes = ({ routes }: HostInput) =>
    routes.map((route) => `${route.destination} via ${route.nextHop}`);
  const parts = {
    routes: hasSameItems(routes(actual), routes(wanted)),
    "lines of /etc/hosts": hasSameItems(actual.hosts, wanted.hosts),
    forwarding: hasSameItems(actual.forward, wanted.forward),
    healInterval: actual.heal === wanted.heal,
  };
  return Object.entries(parts).flatMap(([part, same]) => (same ? [] : [part]));
}
