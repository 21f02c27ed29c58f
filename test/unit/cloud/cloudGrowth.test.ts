import assert from "node:assert/strict";
import { test } from "node:test";
import { awsArgsSchema } from "../../../components/aws/awsArgs.ts";
import { planAws } from "../../../components/aws/awsPlan.ts";
import { readCloudArgs } from "../../../components/cloud/cloudArgs.ts";
import { instanceNodes } from "../../../components/cloud/instances.ts";
import { Faults } from "../../../components/core/faults.ts";
import {
  type GcpRoute,
  routeSchema,
} from "../../../components/gcp/gcpAnswers.ts";
import { gcpArgsSchema } from "../../../components/gcp/gcpArgs.ts";
import { planGcp } from "../../../components/gcp/gcpPlan.ts";
import { openStackArgsSchema } from "../../../components/openstack/openStackArgs.ts";
import { planOpenStack } from "../../../components/openstack/openStackPlan.ts";
import { growth } from "../growth.ts";
import { textsOf } from "./cloudStack.ts";

// Linear work takes about ten times as long for ten times as much, quadratic work a hundred times.
const [small, large] = [300, 3000];
const most = 40;

/** Workers of a configuration. */
const nodes = Array.from({ length: 200 }, (_, i) => ({
  name: `worker-${i}`,
  internalIp: `10.240.0.${i + 10}`,
  podCidrs: [`10.200.${i}.0/24`],
}));

const network = "projects/p/global/networks/kube";

/** Routes to different destinations, or all to the same. */
function gcpRoutes(count: number, same: boolean): GcpRoute[] {
  return Array.from({ length: count }, (_, i) =>
    routeSchema.parse({
      name: `theirs-${i}`,
      network,
      priority: 1000,
      destRange: same ? "10.200.0.0/24" : `10.${i % 256}.${i >> 8}.0/25`,
      nextHopIp: "10.240.0.9",
    }),
  );
}

for (const same of [false, true]) {
  const what = same ? "routes to one destination" : "routes";
  test(`planning for GCP takes time in proportion to the ${what} that are there`, () => {
    const read = readCloudArgs(gcpArgsSchema, { nodes, network: "kube" });
    const routes = gcpRoutes(large, same);
    const found = {
      project: "p",
      instanceProject: "p",
      network,
      nodeRanges: [],
      otherRanges: [],
      instances: [],
    };
    const ours = new Map(
      routes.slice(0, 500).map((route) => [route.name, { ...route }]),
    );
    const plan = (count: number) =>
      planGcp(
        read,
        { ...found, routes: routes.slice(0, count) },
        ours,
        new Faults(),
      );
    assert.ok(growth(small, large, plan) < most);
  });
}

test("planning for AWS takes time in proportion to the routes that are there", () => {
  const read = readCloudArgs(awsArgsSchema, { nodes });
  const routes = Array.from({ length: large }, (_, i) => ({
    destination: `10.${i % 256}.${i >> 8}.0/25`,
    networkInterfaceId: "",
    instanceId: "",
    gatewayId: "igw-1",
  }));
  const none = new Set<string>();
  const plan = (count: number) =>
    planAws(
      read,
      {
        region: "eu-west-1",
        vpcBlocks: [],
        instances: [],
        inVpc: none,
        checked: none,
        present: none,
        tables: [
          { id: "rtb-1", vpcId: "vpc-1", routes: routes.slice(0, count) },
        ],
      },
      new Map(),
      new Faults(),
    );
  assert.ok(growth(small, large, plan) < most);
});

test("planning for OpenStack takes time in proportion to the routes that are there", () => {
  const read = readCloudArgs(openStackArgsSchema, { nodes });
  const routes = Array.from({ length: large }, (_, i) => ({
    destination: `10.${i % 256}.${i >> 8}.0/25`,
    nexthop: "10.240.0.9",
  }));
  const subnet = {
    id: "subnet-1",
    name: "kube",
    network_id: "net-1",
    cidr: "10.240.0.0/24",
    ip_version: 4 as const,
    host_routes: [],
  };
  const api = {
    list: () => assert.fail("a plan does not ask"),
    update: () => assert.fail("a plan does not change anything"),
  };
  const plan = (count: number) =>
    planOpenStack(
      read,
      {
        api,
        subnet,
        attached: true,
        ports: [],
        holder: { ...subnet, kind: "subnet", routes: routes.slice(0, count) },
      },
      new Map(),
      new Faults(),
    );
  assert.ok(growth(small, large, plan) < most);
});

const words = {
  noun: "instance" as const,
  podCidrs: "tag pod_cidr",
  where: "in region x",
  network: "in vpc-1",
  start: () => "start",
  label: () => "label",
};

/** An instance with this text where its pod CIDR is expected. */
function instance(podCidrs: string, name = "worker-0") {
  return {
    name,
    id: "i-1",
    state: "running",
    running: true,
    addresses: ["10.240.0.20"],
    podCidrs,
  };
}

for (const unit of ["10.200.0.0/24,", ", ", "1", "::", "\n"]) {
  test(`a tag of many ${JSON.stringify(unit)} is a fault of one line, however long it is`, () => {
    const faults = new Faults();
    const found = [instance(unit.repeat(2 ** 20))];
    instanceNodes(["*"], found, words, faults);
    assert.equal(faults.all.length, 1);
    assert.match(faults.all[0]?.message ?? "", /longer than 1000 characters/);
  });
}

test("two pod CIDRs with all that may stand between them are not too long", () => {
  const faults = new Faults();
  const text = `10.200.0.0/24 ,${" ".repeat(500)}fd00:200::/64`;
  const one = { ...instance(text), addresses: ["10.240.0.20", "fd00::20"] };
  const [found] = instanceNodes(["*"], [one], words, faults);
  assert.deepEqual(faults.all, []);
  assert.equal(found?.node.podCidrs.length, 2);
});

test("an instance of a very long or hostile name is named in one bounded line", () => {
  for (const name of ["x".repeat(2 ** 20), "a\n - b", "<{%red%}>", "`a` | b"]) {
    for (const more of [{}, { running: false }, { podCidrs: undefined }]) {
      const faults = new Faults();
      const found = [{ ...instance("10.200.0.0/24", name), ...more }];
      instanceNodes(["*"], found, words, faults);
      assert.ok(faults.all.length > 0);
      for (const text of textsOf(faults)) {
        assert.match(text, /^[ -~]{1,1000}$/);
      }
    }
  }
});

test("many running instances of one name are not all named", () => {
  const faults = new Faults();
  const found = Array.from({ length: large }, () => instance("10.200.0.0/24"));
  instanceNodes(["*"], found, words, faults);
  assert.equal(faults.all.length, 1);
  assert.ok((faults.all[0]?.message.length ?? 0) < 500);
});
