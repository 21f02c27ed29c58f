import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Faults } from "../../../components/core/faults.ts";
import { readMachines } from "../../../components/inventory/machinesFile.ts";
import type { Node, NodeArgs } from "../../../components/inventory/nodes.ts";
import { routeTableText } from "../../../components/inventory/renderedTable.ts";
import {
  type Route,
  routesOf,
  routeTable,
} from "../../../components/inventory/routeTable.ts";
import { inputOf, nodes, validated } from "../clusterFaults.ts";
import { cluster, ipv4Cluster } from "../generators.ts";
import { facts } from "../mockedStack.ts";

function holds<T>(values: fc.Arbitrary<T>, check: (value: T) => void): void {
  fc.assert(fc.property(values, check));
}

/** Everything that reaches a host, by node name: what a plan is in the end. */
function plan(read: readonly Node[]): Map<string, string> {
  const inputs = read.map((node) => [node.name, sent(node, read)]);
  return new Map(inputs.sort() as [string, string][]);
}

function sent(node: Node, all: readonly Node[]): string {
  const named = all.filter((other) => other.podCidrs.length > 0);
  return inputOf(node, all, { named });
}

const byDestination = (a: Route, b: Route) =>
  a.destination < b.destination ? -1 : 1;

test("the generated clusters have no fault", () => {
  holds(cluster, (args) => assert.deepEqual(validated(nodes(...args)), []));
});

test("no node ever has a route to its own pod CIDR", () => {
  holds(cluster, (args) => {
    const read = nodes(...args);
    const table = routeTable(read);
    for (const node of read) {
      const own = node.podCidrs.map(({ text }) => text);
      const routes = routesOf(node, table);
      assert.ok(!routes.some(({ destination }) => own.includes(destination)));
      assert.equal(routes.length, table.length - own.length);
    }
  });
});

test("with two nodes or more, the nodes' tables together are the whole table", () => {
  const several = cluster.filter((args) => args.length > 1);
  holds(several, (args) => {
    const read = nodes(...args);
    const table = routeTable(read);
    const union = new Set(
      read
        .flatMap((node) => routesOf(node, table))
        .map((route) => JSON.stringify(route)),
    );
    assert.deepEqual(union, new Set(table.map((r) => JSON.stringify(r))));
  });
});

test("every pod CIDR has exactly one route, to an address of its family of its node", () => {
  holds(cluster, (args) => {
    const expected = args.flatMap(({ name, internalIp, podCidrs = [] }) =>
      podCidrs.map((destination) => ({
        destination,
        nextHop: [internalIp]
          .flat()
          .find((ip) => ip.includes(":") === destination.includes(":")),
        node: name,
      })),
    );
    const table = routeTable(nodes(...args));
    assert.deepEqual(
      [...table].sort(byDestination),
      (expected as Route[]).sort(byDestination),
    );
  });
});

test("adding a node adds exactly its routes, and moves no other", () => {
  holds(cluster, (args) => {
    const read = nodes(...args);
    const [added, ...others] = read;
    const after = routeTable(read);
    assert.deepEqual(
      after.filter((route) => route.node !== added?.name),
      routeTable(others),
    );
    assert.deepEqual(
      after.filter((route) => route.node === added?.name),
      routeTable(added ? [added] : []),
    );
  });
});

test("the order of the nodes never changes the plan", () => {
  const shuffled = cluster.chain((args) =>
    fc.tuple(
      fc.constant(args),
      fc.shuffledSubarray(args, { minLength: args.length }),
    ),
  );
  holds(shuffled, ([args, others]) => {
    assert.deepEqual(routeTable(nodes(...others)), routeTable(nodes(...args)));
    assert.deepEqual(plan(nodes(...others)), plan(nodes(...args)));
  });
});

test("defaults that are written out never change the plan", () => {
  holds(cluster, (args) => {
    const explicit = args.map(
      (node): NodeArgs => ({
        ...node,
        role: node.podCidrs ? "worker" : "controller",
        podCidrs: [...(node.podCidrs ?? [])].reverse(),
        address: [node.internalIp].flat()[0] ?? "",
        aliases: [],
      }),
    );
    assert.deepEqual(plan(nodes(...explicit)), plan(nodes(...args)));
  });
});

test("the spelling of an IPv6 address never changes the plan", () => {
  holds(cluster, (args) => {
    const spelled = args.map((node) => {
      const ips = [node.internalIp]
        .flat()
        .map((ip) => ip.toUpperCase().replace("::", ":0:0::"));
      return { ...node, internalIp: ips, address: ips[0] ?? "" };
    });
    assert.deepEqual(plan(nodes(...spelled)), plan(nodes(...args)));
  });
});

test("host routes are the plan's, line by line, and no fact has a control character", () => {
  holds(cluster, (args) => {
    const read = nodes(...args);
    const table = routeTable(read);
    for (const node of read) {
      const lines = facts(sent(node, read));
      assert.deepEqual(
        lines.filter((line) => line.startsWith("route ")),
        routesOf(node, table).map(
          (r) => `route ${r.destination} via ${r.nextHop}`,
        ),
      );
      assert.ok(lines.every((line) => /^[ -~]+$/.test(line)));
    }
  });
});

test("the route table text reads back as the route table", () => {
  holds(cluster, (args) => {
    const table = routeTable(nodes(...args));
    const read = routeTableText(table)
      .split("\n")
      .map((line) => {
        const [destination, , nextHop, , node] = line.split(/ +/);
        return { destination, nextHop, node };
      });
    assert.deepEqual(read, table);
  });
});

/** The rows of a machines.txt file that says what these nodes are. */
function rows(args: readonly NodeArgs[]): string[][] {
  return args.map(({ name, internalIp, podCidrs = [] }) =>
    [internalIp, `${name}.local`, name, podCidrs].flat(),
  );
}

function readText(text: string): Node[] {
  const faults = new Faults();
  const read = readMachines(text, "machines.txt", faults);
  assert.deepEqual(faults.all, []);
  return read;
}

const withoutPath = ({ path, ...node }: Node) => node;

test("machines.txt says the same as the inline list", () => {
  holds(ipv4Cluster, (args) => {
    const inline = args.map((node) => ({
      ...node,
      aliases: [`${node.name}.local`],
    }));
    const text = rows(args)
      .map((row) => row.join(" "))
      .join("\n");
    assert.deepEqual(
      readText(text).map(withoutPath),
      nodes(...inline).map(withoutPath),
    );
  });
});

test("spaces, comments and blank lines in machines.txt never change the plan", () => {
  const noise = fc.array(
    fc.constantFrom("", "   ", "# comment", "  # 10.0.0.1 a b", "#"),
    { maxLength: 2 },
  );
  const gap = fc.integer({ min: 1, max: 4 }).map((n) => " ".repeat(n));
  const loose = fc.tuple(
    ipv4Cluster,
    fc.infiniteStream(noise),
    fc.infiniteStream(gap),
    fc.infiniteStream(fc.constantFrom("", " ", "  ")),
  );
  holds(loose, ([args, noises, gaps, edges]) => {
    const next = <T>(stream: fc.Stream<T>) => stream.next().value as T;
    const text = rows(args)
      .flatMap((row) => [
        ...next(noises),
        next(edges) +
          row.reduce((line, word) => line + next(gaps) + word) +
          next(edges),
      ])
      .concat(next(noises))
      .join("\n");
    assert.deepEqual(plan(readText(text)), plan(nodes(...args)));
  });
});
