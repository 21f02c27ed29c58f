import assert from "node:assert/strict";
import { test } from "node:test";
import {
  podRoutes,
  routesOf,
  routeTable,
} from "../../../components/inventory/routeTable.ts";
import { nodes, worker } from "../clusterFaults.ts";

const controller = { name: "server", internalIp: "10.240.0.10" };

test("the table has one route a pod CIDR, through the internal IP of its node", () => {
  const table = routeTable(
    nodes(controller, worker("node-0", "10.240.0.20", "10.200.0.0/24")),
  );
  assert.deepEqual(table, [
    { destination: "10.200.0.0/24", nextHop: "10.240.0.20", node: "node-0" },
  ]);
});

test("the table is sorted by number: .9 before .10, IPv4 before IPv6", () => {
  const table = routeTable(
    nodes(
      worker(
        "c",
        ["10.240.0.22", "fd00::22"],
        "fd00:200:0:10::/64",
        "10.200.10.0/24",
      ),
      worker(
        "b",
        ["10.240.0.21", "fd00::21"],
        "10.200.9.0/24",
        "fd00:200:0:9::/64",
      ),
    ),
  );
  assert.deepEqual(
    table.map(({ destination }) => destination),
    [
      "10.200.9.0/24",
      "10.200.10.0/24",
      "fd00:200:0:9::/64",
      "fd00:200:0:10::/64",
    ],
  );
});

test("a dual-stack node's routes go through its address of the same family", () => {
  const table = routeTable(
    nodes(
      worker(
        "a",
        ["fd00::20", "10.240.0.20"],
        "10.200.0.0/24",
        "fd00:200::/64",
      ),
    ),
  );
  assert.deepEqual(
    table.map(({ nextHop }) => nextHop),
    ["10.240.0.20", "fd00::20"],
  );
});

test("a node gets every route but those to itself", () => {
  const cluster = nodes(
    controller,
    worker("node-0", "10.240.0.20", "10.200.0.0/24"),
    worker("node-1", "10.240.0.21", "10.200.1.0/24"),
  );
  const table = routeTable(cluster);
  assert.deepEqual(
    cluster.map((node) => routesOf(node, table).map((route) => route.node)),
    [["node-0", "node-1"], ["node-1"], ["node-0"]],
  );
});

test("a route has the very addresses of its node, which are parsed once", () => {
  const [node] = nodes(worker("node-0", "10.240.0.20", "10.200.0.0/24"));
  assert.ok(node);
  const [route] = podRoutes([node]);
  assert.equal(route?.cidr, node.podCidrs[0]);
  assert.equal(route?.nextHop, node.internalIps[0]);
});
