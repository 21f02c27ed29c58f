import {
  type HostInput,
  type HostState,
  isOdd,
  type OddHost,
  readHostState,
} from "../hosts/hostState.ts";
import type { Route } from "../inventory/routeTable.ts";
import type { StackResource } from "./state.ts";
import { readWantedHosts, type WantedHosts } from "./wanted.ts";

/** A host that a command of the stack is for. */
export interface ExpectedHost {
  /** What it is to have is what the component wants, also where the command still says otherwise. */
  readonly host: HostState;
  /** What the command was told differently, in words for people. */
  readonly behind: readonly string[];
  /** Why the host is to be cleaned, in words for people; undefined: it is wanted. */
  readonly removed: string | undefined;
}

/** A node that is wanted, and for which the stack has no command. */
export interface AbsentHost {
  readonly node: string;
  readonly address: string;
  /** How many routes it is to have. */
  readonly wanted: number;
}

/** What the stack's state says of its hosts. */
export interface Expected {
  readonly table: readonly Route[];
  readonly hosts: readonly ExpectedHost[];
  readonly odd: readonly OddHost[];
  readonly absent: readonly AbsentHost[];
}

/** Compares what components of the hosts target want with the commands that the state has for them. */
export function expectedHosts(
  components: readonly StackResource[],
  resources: readonly StackResource[],
): Expected {
  const all = components.map((component) =>
    expectedOf(
      readWantedHosts(component),
      resources.filter(
        (one) =>
          one.type === "command:remote:Command" &&
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
  wanted: WantedHosts,
  commands: readonly StackResource[],
): Expected {
  const { table, nodes } = wanted;
  const nodeOf = new Map(table.map((r) => [r.destination, r.node]));
  const read = commands.map((command) => readHostState(command, nodeOf));
  const odd = read.filter(isOdd);
  const told = read.filter((host): host is HostState => !isOdd(host));
  const names = new Set(read.map(({ node }) => node));
  if (nodes === undefined) {
    return {
      ...{ table, odd },
      hosts: told.map((host) => ({ host, behind: [], removed: undefined })),
      absent: table
        .filter(({ node }) => !names.has(node))
        .map(({ node, nextHop }) => ({ node, address: nextHop, wanted: 0 })),
    };
  }
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const here = new Set(read.map(({ node, address }) => `${node} ${address}`));
  return {
    ...{ table, odd },
    hosts: told.map((host) => {
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
      const behind = differences(host, input);
      return {
        host: { ...host, routes, hosts, forward },
        ...{ behind, removed: undefined },
      };
    }),
    absent: nodes
      .filter(({ name, address }) => !here.has(`${name} ${address}`))
      .map((node) => ({
        ...{ node: node.name, address: node.address },
        wanted: wanted.of(node).routes.length,
      })),
  };
}

/** What a command was told differently from what is wanted. */
function differences(told: HostInput, wanted: HostInput): string[] {
  const routes = ({ routes }: HostInput) =>
    routes.map((route) => `${route.destination} via ${route.nextHop}`);
  return [
    ...(same(routes(told), routes(wanted)) ? [] : ["routes"]),
    ...(same(told.hosts, wanted.hosts) ? [] : ["lines of /etc/hosts"]),
    ...(same(told.forward, wanted.forward) ? [] : ["forwarding"]),
    ...(told.heal === wanted.heal ? [] : ["healInterval"]),
  ];
}

function same(one: readonly string[], other: readonly string[]): boolean {
  const [left, right] = [new Set(one), new Set(other)];
  return left.size === right.size && one.every((item) => right.has(item));
}
