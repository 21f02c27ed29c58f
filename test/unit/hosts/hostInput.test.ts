import assert from "node:assert/strict";
import { test } from "node:test";
import { hostInput } from "../../../components/hosts/hostInput.ts";
import type { Node } from "../../../components/inventory/nodes.ts";
import { podRoutes } from "../../../components/inventory/routeTable.ts";
import { nodes, worker } from "../clusterFaults.ts";
import { facts } from "../mockedStack.ts";

/** A node of any name, one that no inventory can have too. */
function node(name: string, ...ips: string[]): Node {
  const [read] = nodes(worker("a", ips));
  assert.ok(read);
  return { ...read, name };
}

const table = podRoutes(
  nodes(
    worker("node-0", ["10.240.0.20"], "10.200.0.0/24"),
    worker("node-1", ["fd00::21"], "fd00:200::/64"),
  ),
);
const input = {
  owner: "us",
  node: node("server", "10.240.0.10"),
  adoptExisting: false,
  healInterval: 10,
  routes: table,
  named: [],
  table,
};

test("a host is told one fact a line", () => {
  assert.deepEqual(facts(hostInput(input)), [
    "owner us",
    "node server 10.240.0.10",
    "adopt no",
    "heal 10",
    "forward 4",
    "forward 6",
    "route 10.200.0.0/24 via 10.240.0.20",
    "route fd00:200::/64 via fd00::21",
  ]);
});

test("a host without routes of its own still forwards what the cluster routes", () => {
  const lines = facts(hostInput({ ...input, routes: [] }));
  assert.deepEqual(lines.slice(4), ["forward 4", "forward 6"]);
});

test("only the address families that are routed are forwarded", () => {
  const lines = facts(hostInput({ ...input, table: table.slice(1) }));
  assert.deepEqual(
    lines.filter((line) => line.startsWith("forward")),
    ["forward 6"],
  );
});

test("the lines for /etc/hosts are sorted by address, both families of a node", () => {
  const named = [
    node("b", "10.240.0.20", "fd00::20"),
    node("a", "10.240.0.9", "fd00::9"),
  ];
  const lines = facts(hostInput({ ...input, named }));
  assert.deepEqual(
    lines.filter((line) => line.startsWith("hosts")),
    [
      "hosts 10.240.0.9 a",
      "hosts 10.240.0.20 b",
      "hosts fd00::9 a",
      "hosts fd00::20 b",
    ],
  );
});

for (const name of ["a\nroute 0.0.0.0/0 via 10.0.0.1", "a\u001b", "é"]) {
  test(`a name such as ${JSON.stringify(name)} never becomes a line for a host`, () => {
    assert.throws(
      () => hostInput({ ...input, node: node(name, "10.240.0.10") }),
      /^Error: not a line for a host: "node /,
    );
  });
}

test("the end of the input is marked, for a connection may break half-way", () => {
  assert.match(hostInput(input), /\nend\n$/);
});
