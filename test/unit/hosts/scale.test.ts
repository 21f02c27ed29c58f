import assert from "node:assert/strict";
import { test } from "node:test";
import { readHostArgs } from "../../../components/hosts/hostArgs.ts";
import { readRouteLine } from "../../../components/hosts/runs.ts";
import {
  podRoutes,
  routesOf,
} from "../../../components/inventory/routeTable.ts";
import { inputOf } from "../clusterFaults.ts";

// The size that Kubernetes itself is built for.
const size = 5000;

const workers = Array.from({ length: size }, (_, i) => ({
  name: `node-${i}`,
  internalIp: `172.16.${i >> 8}.${i & 255}`,
  podCidrs: [`10.${i >> 8}.${i & 255}.0/24`],
}));
const rest = {
  nodeSubnets: ["172.16.0.0/12"],
  serviceCidrs: ["192.168.0.0/16"],
  ssh: { hostKeyCheck: false, agentSocket: "/run/agent" },
};

test("5,000 workers are read, checked and planned", () => {
  // The network address of the node subnet is nobody's.
  const nodes = workers.map((node, i) =>
    i === 0 ? { ...node, internalIp: "172.31.0.1" } : node,
  );
  const plan = readHostArgs({ ...rest, nodes });
  const table = podRoutes(plan.cluster);
  assert.equal(table.length, size);
  const [node] = plan.cluster;
  assert.ok(node);
  const routes = routesOf(node, table);
  assert.equal(routes.length, size - 1);
  const input = inputOf(node, plan.cluster);
  const lines = input.split("\n").map((line) => line.split(" "));
  assert.equal(lines.flatMap(readRouteLine).length, size - 1);
  assert.equal(input.match(/^hosts /gm)?.length, size);
});

test("5,000 workers in one pod CIDR are 4,999 faults", () => {
  const nodes = workers.map((node) => ({ ...node, podCidrs: ["10.0.0.0/24"] }));
  assert.throws(
    () => readHostArgs({ ...rest, nodeSubnets: [], nodes }),
    /: 4999 faults;/,
  );
});

test("more nodes than the script on the hosts takes are a fault", () => {
  const read = (count: number) => {
    const more = Array.from({ length: count - 1 }, (_, i) => ({
      name: `server-${i}`,
      internalIp: `172.17.${i >> 8}.${i & 255}`,
    }));
    return readHostArgs({
      ...rest,
      nodeSubnets: [],
      nodes: [...workers.slice(1, 2), ...more],
    });
  };
  assert.equal(read(6000).cluster.length, 6000);
  assert.throws(
    () => read(6001),
    /nodes: lists 6001 nodes, at most 6000 are allowed/,
  );
});
