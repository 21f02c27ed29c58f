// plannerRun.ts WORKERS: plans a cluster of that size, and prints what it took. To be run with --expose-gc.

import { readHostArgs } from "../components/hosts/hostArgs.ts";
import { routesOf, routeTable } from "../components/inventory/routeTable.ts";

const size = Number(process.argv[2]);
const nodes = Array.from({ length: size }, (_, i) => ({
  name: `node-${i}`,
  internalIp: `172.16.${(i + 1) >> 8}.${(i + 1) & 255}`,
  podCidrs: [`10.${i >> 8}.${i & 255}.0/24`],
}));
const args = {
  nodes,
  nodeSubnets: ["172.16.0.0/12"],
  serviceCidrs: ["192.168.0.0/16"],
  ssh: { hostKeyCheck: false, agentSocket: "/run/agent" },
};

function plan() {
  const { cluster } = readHostArgs(args);
  const table = routeTable(cluster);
  const [first] = cluster;
  return { cluster, routes: first && routesOf(first, table) };
}

// the first time is what a run of Pulumi has; by the second one nothing is left to be compiled and kept
const start = process.hrtime.bigint();
const first = plan();
const milliseconds = Number(process.hrtime.bigint() - start) / 1e6;
const before = heapUsed();
const second = plan();
const heapMiB = (heapUsed() - before) / 2 ** 20;

for (const { cluster, routes } of [first, second]) {
  if (cluster.length !== size || routes?.length !== size - 1) {
    throw new Error(`${cluster.length} nodes, ${routes?.length} routes`);
  }
}
console.log(JSON.stringify({ milliseconds, heapMiB }));

function heapUsed(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
