import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { awsArgsSchema } from "../../../components/aws/awsArgs.ts";
import { planAws } from "../../../components/aws/awsPlan.ts";
import { readCloudArgs } from "../../../components/cloud/cloudArgs.ts";
import { Faults } from "../../../components/core/faults.ts";
import { gcpArgsSchema } from "../../../components/gcp/gcpArgs.ts";
import { planGcp } from "../../../components/gcp/gcpPlan.ts";
import { readHostArgs } from "../../../components/hosts/hostArgs.ts";
import type { NodeArgs } from "../../../components/inventory/nodes.ts";
import {
  type Route,
  routeTable,
} from "../../../components/inventory/routeTable.ts";
import { cluster as anyCluster } from "../generators.ts";
import { cluster as example } from "../mockedStack.ts";

/** What a cloud says of the workers of an inventory. */
function instances(nodes: readonly NodeArgs[]) {
  return nodes
    .filter((node) => node.podCidrs !== undefined)
    .map(({ name, internalIp, podCidrs = [] }) => ({
      name,
      id: `i-${name}`,
      state: "running",
      running: true,
      addresses: [internalIp].flat(),
      podCidrs: podCidrs.join(","),
    }));
}

/** An inventory, as a list of nodes and as names of instances. */
const inventories = (nodes: NodeArgs[]) => [
  { nodes },
  { inventory: { stack: "organization/infra/prod", output: "nodes", nodes } },
  { instances: { names: ["*"] } },
];

function onHosts(nodes: NodeArgs[]): Route[] {
  const { ssh } = example;
  return routeTable(readHostArgs({ nodes, ssh }).cluster);
}

function onAws(nodes: NodeArgs[], inventory: object): Route[] {
  const faults = new Faults();
  const workers = instances(nodes).map((one) => ({
    ...one,
    instanceId: one.id,
    networkInterfaceId: `eni-${one.name}`,
  }));
  const enis = new Set(workers.map((one) => one.networkInterfaceId));
  const none = new Set<string>();
  const table = { id: "rtb-1", vpcId: "vpc-1", routes: [] };
  const found = {
    region: "eu-west-1",
    tables: [table],
    vpcBlocks: [],
    instances: workers,
    inVpc: enis,
    checked: none,
    present: none,
  };
  const args = readCloudArgs(awsArgsSchema, inventory);
  const plan = planAws(args, found, new Map(), faults);
  assert.deepEqual(faults.all, []);
  assert.equal(plan.routes.length, plan.routeTable.length);
  return plan.routeTable.map(
    ({ instanceId, networkInterfaceId, ...route }) => route,
  );
}

/** The plan of GCP, which has no fault. */
function gcpPlan(nodes: NodeArgs[], inventory: object) {
  const faults = new Faults();
  const found = {
    project: "p",
    instanceProject: "p",
    nodeRanges: [],
    otherRanges: [],
    network: "projects/p/global/networks/n",
    routes: [],
    instances: instances(nodes).map((one) => ({
      ...one,
      path: `projects/p/zones/z/instances/${one.name}`,
      zone: "z",
      canIpForward: true,
      inNetwork: true,
    })),
  };
  const args = readCloudArgs(gcpArgsSchema, { ...inventory, network: "n" });
  const plan = planGcp(args, found, new Map(), faults);
  assert.deepEqual(faults.all, []);
  return plan;
}

function onGcp(nodes: NodeArgs[], inventory: object): Route[] {
  const { routeTable } = gcpPlan(nodes, inventory);
  return routeTable.map(({ id, ...route }) => route);
}

test("every target gives an inventory the same route table, apart from ids", () => {
  fc.assert(
    fc.property(anyCluster, (nodes) => {
      const table = onHosts(nodes);
      for (const inventory of inventories(nodes)) {
        assert.deepEqual(onAws(nodes, inventory), table);
        assert.deepEqual(onGcp(nodes, inventory), table);
      }
    }),
  );
});

test("every route of GCP has a name of its own, which GCP allows", () => {
  fc.assert(
    fc.property(anyCluster, (nodes) => {
      const names = gcpPlan(nodes, { nodes }).routes.map(({ name }) => name);
      assert.equal(new Set(names).size, names.length);
      for (const name of names) {
        assert.match(name, /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/);
      }
    }),
  );
});
