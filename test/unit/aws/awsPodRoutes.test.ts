import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { awsArgsSchema } from "../../../components/aws/awsArgs.ts";
import { lookUp } from "../../../components/aws/awsLookup.ts";
import { type AwsPlan, planAws } from "../../../components/aws/awsPlan.ts";
import { AwsPodRoutes } from "../../../components/aws/awsPodRoutes.ts";
import { readCloudArgs } from "../../../components/cloud/cloudArgs.ts";
import { Faults } from "../../../components/core/faults.ts";
import { nowhere } from "../../../components/stack/elsewhere.ts";
import type { Recorded } from "../../../components/stack/recorded.ts";
import {
  programError,
  recordCloud,
  testRefusals,
  textsOf,
} from "../cloud/cloudStack.ts";
import { type Registered, record, value, warnings } from "../mockedStack.ts";
import { type FakeAccount, fakeEc2 } from "./fakeEc2.ts";

/** A worker of the guide, ready to be routed to. */
function worker(i: number, more: object = {}) {
  return {
    id: `i-${i}`,
    eni: `eni-${i}`,
    ip: `172.20.1.2${i}`,
    tags: { Name: `worker-${i}`, pod_cidr: `172.22.${i}.0/24` },
    ...more,
  };
}

const table = { id: "rtb-1", tags: { Name: "kubernetes" } };
const account = {
  instances: [worker(0), worker(1), worker(2)],
  tables: [table],
} satisfies FakeAccount;
const byName = { instances: { names: ["worker-*"] } };

/** A worker whose tag says this pod CIDR. */
const tagged = (i: number, pod_cidr?: string) =>
  worker(i, {
    tags: { Name: `worker-${i}`, ...(pod_cidr !== undefined && { pod_cidr }) },
  });

/** A route to the pod CIDR of a worker, through this network interface. */
const via = (i: number, eni = i) => ({
  cidrBlock: `172.22.${i}.0/24`,
  networkInterfaceId: `eni-${eni}`,
});

/** The route table with these routes. */
const withRoutes = (...routes: object[]) => ({
  tables: [{ ...table, routes }],
});

/** Has the engine record what is declared; what the account does not say is as in the guide. */
const record1 = (there: FakeAccount = {}): Promise<Registered[]> =>
  recordCloud(fakeEc2({ ...account, ...there }));

/** Plans what a component would declare; every fault as `path: message`. */
async function plan(
  args: object,
  there: FakeAccount = {},
  ours: Record<string, Recorded> = {},
): Promise<AwsPlan & { faults: string[] }> {
  await record1(there);
  const read = readCloudArgs(awsArgsSchema, args);
  const faults = new Faults();
  const found = await lookUp(read, faults, {});
  const planned = planAws(read, found, new Map(Object.entries(ours)), faults);
  return { ...planned, faults: textsOf(faults) };
}

test("one route a worker is declared, through its network interface, and nothing else", async () => {
  const registered = await record1();
  const component = new AwsPodRoutes("routes", byName);
  await pulumi.runtime.disconnect();
  const route = (i: number) => ({
    type: "aws:ec2/route:Route",
    name: `routes-rtb-1-172-22-${i}-0-24`,
    inputs: {
      routeTableId: "rtb-1",
      destinationCidrBlock: `172.22.${i}.0/24`,
      networkInterfaceId: `eni-${i}`,
    },
  });
  assert.deepEqual(registered, [
    {
      type: "pod-network-routes:index:AwsPodRoutes",
      name: "routes",
      inputs: byName,
    },
    route(0),
    route(1),
    route(2),
  ]);
  assert.deepEqual(await value(component.routeTable), [
    ...[0, 1, 2].map((i) => ({
      destination: `172.22.${i}.0/24`,
      nextHop: `172.20.1.2${i}`,
      node: `worker-${i}`,
      instanceId: `i-${i}`,
      networkInterfaceId: `eni-${i}`,
    })),
  ]);
  assert.deepEqual(await value(component.routeTableIds), ["rtb-1"]);
  assert.equal(await value(component.vpcId), "vpc-1");
});

test("the text is what the guide's Format-Table prints", async () => {
  const routes = [
    { cidrBlock: "0.0.0.0/0", gatewayId: "igw-0c1d4a66f1314aeb9" },
    via(9),
  ];
  const { text } = await plan(byName, {
    blocks: ["172.20.0.0/16"],
    ...withRoutes(...routes),
    instances: account.instances.map((one) => ({
      ...one,
      id: `${one.id}0123456789abcdef0`,
    })),
  });
  assert.equal(
    text,
    `
DestinationCidrBlock InstanceId           GatewayId
-------------------- ----------           ---------
172.22.0.0/24        i-00123456789abcdef0
172.22.1.0/24        i-10123456789abcdef0
172.22.2.0/24        i-20123456789abcdef0
172.20.0.0/16                             local
0.0.0.0/0                                 igw-0c1d4a66f1314aeb9
172.22.9.0/24                             eni-9`.trimStart(),
  );
});

test("a dual-stack worker has a route of each family", async () => {
  const tags = { Name: "worker-0", pod_cidr: "172.22.0.0/24, fd00:22::/64" };
  const { routes, routeTable, faults } = await plan(byName, {
    instances: [worker(0, { tags, ipv6: "fd00:20::20" })],
  });
  assert.deepEqual(faults, []);
  assert.deepEqual(
    routes.map(({ resource, destination }) => [resource, destination]),
    [
      ["rtb-1-172-22-0-0-24", "172.22.0.0/24"],
      ["rtb-1-fd00-22---64", "fd00:22::/64"],
    ],
  );
  assert.deepEqual(
    routeTable.map(({ nextHop }) => nextHop),
    ["172.20.1.20", "fd00:20::20"],
  );
});

test("IPv6 addresses and blocks mean the same in every spelling", async () => {
  const { faults } = await plan(
    {
      nodes: [
        {
          name: "node-0",
          internalIp: ["172.20.1.20", "fd00:20::20"],
          podCidrs: ["fd00:20:0:1::/64"],
        },
      ],
    },
    {
      tables: [
        { ...table, routes: [{ ipv6CidrBlock: "fd00:0020:0:1:0:0:0:0/64" }] },
      ],
      instances: [worker(0, { ipv6: "fd00:0020:0:0:0:0:0:0020" })],
      blocks: ["fd00:0020:0:0:0:0:0:0/56"],
    },
  );
  assert.equal(faults.length, 2);
  assert.match(faults[0] ?? "", /overlaps the node subnet fd00:20::\/56/);
  assert.match(faults[1] ?? "", /a route that this stack did not make/);
});

test("an IPv6 route is declared as one", async () => {
  const tags = { Name: "worker-0", pod_cidr: "fd00:22::/64" };
  const registered = await record1({
    instances: [worker(0, { tags, ipv6: "fd00:20::20" })],
  });
  new AwsPodRoutes("routes", byName);
  await pulumi.runtime.disconnect();
  assert.deepEqual(registered[1]?.inputs, {
    routeTableId: "rtb-1",
    destinationIpv6CidrBlock: "fd00:22::/64",
    networkInterfaceId: "eni-0",
  });
});

test("every chosen route table gets every route", async () => {
  const tables = [table, { ...table, id: "rtb-2" }];
  for (const routeTables of [{ ids: ["rtb-1", "rtb-2"] }, { several: true }]) {
    const { routes, text, faults } = await plan(
      { ...byName, routeTables },
      { tables },
    );
    assert.deepEqual(faults, []);
    assert.equal(routes.length, 6);
    assert.equal(new Set(routes.map(({ resource }) => resource)).size, 6);
    assert.match(text, /^RouteTableId: rtb-1\nDest.*\nRouteTableId: rtb-2\n/s);
  }
});

test("nodes of the configuration are found by their internal IP", async () => {
  const nodes = [0, 1].map((i) => ({
    name: `node-${i}`,
    internalIp: `172.20.1.2${i}`,
    podCidrs: [`10.200.${i}.0/24`],
  }));
  const controller = { name: "server", internalIp: "172.20.1.10" };
  const { routeTable, faults } = await plan(
    { nodes: [controller, ...nodes] },
    account,
  );
  assert.deepEqual(faults, []);
  assert.deepEqual(
    routeTable.map(({ node, networkInterfaceId }) => [
      node,
      networkInterfaceId,
    ]),
    [
      ["node-0", "eni-0"],
      ["node-1", "eni-1"],
    ],
  );
});

test("hundreds of workers are found with at most 20 requests at once and 200 values in a filter", async () => {
  const workers = Array.from({ length: 250 }, (_, i) => ({
    id: `i-${i.toString(16)}`,
    eni: `eni-${i.toString(16)}`,
    ip: `172.20.${1 + (i >> 7)}.${1 + (i & 127)}`,
    tags: { Name: `worker-${i}`, pod_cidr: `10.${i >> 8}.${i & 255}.0/24` },
  }));
  const nodes = workers.map(({ ip, tags }) => ({
    name: tags.Name,
    internalIp: ip,
    podCidrs: [tags.pod_cidr],
  }));
  const names = nodes.map(({ name }) => name);
  const ask = fakeEc2({ instances: workers, tables: [table] });
  for (const args of [{ nodes }, { instances: { names } }]) {
    let running = 0;
    const atOnce: number[] = [];
    const values: number[] = [];
    await recordCloud(async (call) => {
      atOnce.push(++running);
      for (const filter of call.inputs.filters ?? []) {
        values.push(filter.values.length);
      }
      await setImmediate();
      running--;
      return ask(call);
    });
    const read = readCloudArgs(awsArgsSchema, args);
    const { instances, inVpc } = await lookUp(read, new Faults(), {});
    assert.equal(new Set(instances.map(({ id }) => id)).size, 250);
    assert.equal(inVpc.size, 250);
    assert.equal(Math.max(...atOnce), 20);
    assert.equal(Math.max(...values), 200);
  }
});

test("tags may have other names", async () => {
  const tags = { Role: "w", "k8s/pods": "172.22.0.0/24" };
  const instances = { names: ["w"], nameTag: "Role", podCidrTag: "k8s/pods" };
  const { routeTable, faults } = await plan(
    { instances, routeTables: { tags: { Purpose: "pods" } } },
    {
      instances: [worker(0, { tags })],
      tables: [{ id: "rtb-1", tags: { Purpose: "pods" } }],
    },
  );
  assert.deepEqual(faults, []);
  assert.equal(routeTable[0]?.node, "w");
});

test("a route that is ours may be there already, and may change", async () => {
  const {
    faults,
    warnings,
    routes: planned,
  } = await plan(byName, withRoutes(via(0, 9)), {
    "rtb-1-172-22-0-0-24": { networkInterfaceId: "eni-9" },
  });
  assert.deepEqual([faults, warnings], [[], []]);
  assert.equal(planned[0]?.importId, undefined);
});

test("a route of ours that somebody else deleted or changed is warned of", async () => {
  const { warnings } = await plan(byName, withRoutes(via(0, 1)), {
    "rtb-1-172-22-0-0-24": { networkInterfaceId: "eni-0" },
    "rtb-1-172-22-1-0-24": { networkInterfaceId: "eni-1" },
  });
  assert.deepEqual(warnings, [
    "rtb-1: the route to 172.22.0.0/24 was changed to lead to eni-1, not to eni-0 by somebody else; to fix that: pulumi up --refresh",
    "rtb-1: the route to 172.22.1.0/24 was deleted by somebody else; to fix that: pulumi up --refresh",
  ]);
});

test("a foreign route that leads to the right worker is taken over if that is wanted", async () => {
  for (const is of [{ networkInterfaceId: "eni-1" }, { instanceId: "i-1" }]) {
    const routes = [{ cidrBlock: "172.22.1.0/24", ...is }];
    const { faults, routes: planned } = await plan(
      { ...byName, adoptExisting: true },
      withRoutes(...routes),
    );
    assert.deepEqual(faults, []);
    assert.deepEqual(
      planned.map(({ importId }) => importId),
      [undefined, "rtb-1_172.22.1.0/24", undefined],
    );
  }
});

test("a route that is taken over is imported by its id", async () => {
  const registered = await record1(withRoutes(via(1)));
  new AwsPodRoutes("routes", { ...byName, adoptExisting: true });
  await pulumi.runtime.disconnect();
  assert.deepEqual(
    registered.map(({ importId }) => importId),
    [undefined, undefined, "rtb-1_172.22.1.0/24", undefined],
  );
});

test("a blackhole that another route leads to is warned of", async () => {
  const routes = [
    via(9),
    { cidrBlock: "172.22.1.0/25", networkInterfaceId: "eni-1" },
  ];
  const { warnings, faults } = await plan(byName, withRoutes(...routes));
  assert.deepEqual(faults, []);
  assert.deepEqual(warnings, [
    "rtb-1: the route to 172.22.9.0/24 leads to eni-9, which is gone (a blackhole); if nobody needs it: aws ec2 delete-route --route-table-id rtb-1 --destination-cidr-block 172.22.9.0/24",
  ]);
});

const many = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    cidrBlock: `10.0.${i}.0/24`,
    gatewayId: "igw-1",
  }));

test("a full route table is no fault if nothing is added to it", async () => {
  const routes = [...many(47), ...[0, 1, 2].map((i) => via(i))];
  const ours = Object.fromEntries(
    [0, 1, 2].map((i) => [`rtb-1-172-22-${i}-0-24`, via(i)]),
  );
  const { faults } = await plan(byName, withRoutes(...routes), ours);
  assert.deepEqual(faults, []);
});

test("as many routes as the quota allows are no fault, and families are counted apart", async () => {
  const six = Array.from({ length: 50 }, (_, i) => ({
    ipv6CidrBlock: `fd00:1:${i + 1}::/64`,
    gatewayId: "igw-1",
  }));
  for (const routes of [many(47), six]) {
    assert.deepEqual((await plan(byName, withRoutes(...routes))).faults, []);
  }
});

const stopped = worker(1, { state: "stopped" });
const over =
  'raise the quota "Routes per route table" (vpc, L-93826ACB) in AWS Service Quotas, up to 1000, and then set routesPerTable to what it is';

for (const [what, args, there, ...faults] of [
  [
    "no instance of a name",
    { instances: { names: ["worker-0", "worker-9", "node-*"] } },
    {},
    'instances.names[1]: no instance in region eu-west-1 with a tag Name has the name "worker-9"',
    'instances.names[2]: no instance in region eu-west-1 with a tag Name has the name "node-*"',
  ],
  [
    "two running instances of a name",
    byName,
    {
      instances: [worker(0), worker(0, { id: "i-7", eni: "eni-7" })],
    },
    "worker-0: 2 running instances have this name: i-0, i-7; a name has to stand for one",
  ],
  [
    "a stopped instance",
    byName,
    { instances: [worker(0), stopped] },
    "worker-1: (i-1) is stopped, a route to it would lead nowhere; start it: aws ec2 start-instances --instance-ids i-1; or leave it out",
  ],
  [
    "a stopped instance that has the internal IP of a node",
    {
      nodes: [
        { name: "n", internalIp: "172.20.1.21", podCidrs: ["10.200.0.0/24"] },
      ],
    },
    { instances: [stopped] },
    "nodes[0]: n (i-1) is not running, a route to it would lead nowhere; start it: aws ec2 start-instances --instance-ids i-1; or leave it out",
  ],
  [
    "no instance with the internal IP of a node",
    {
      nodes: [
        { name: "n", internalIp: "172.20.1.99", podCidrs: ["10.200.0.0/24"] },
      ],
    },
    {},
    'nodes[0]: no instance in vpc-1 has the internal IP "172.20.1.99" of n',
  ],
  [
    "an instance without the tag",
    byName,
    { instances: [tagged(0)] },
    "worker-0 (i-0): has no tag pod_cidr, where its pod CIDR is expected: aws ec2 create-tags --resources i-0 --tags Key=pod_cidr,Value=CIDR",
  ],
  [
    "an instance with an empty tag",
    byName,
    {
      instances: [tagged(0, " ")],
    },
    "worker-0 (i-0): has an empty tag pod_cidr, where its pod CIDR is expected: aws ec2 create-tags --resources i-0 --tags Key=pod_cidr,Value=CIDR",
  ],
  [
    "a malformed tag",
    byName,
    {
      instances: [tagged(0, "172.22.0.1/24"), tagged(1, "\u001b[31m$(reboot)")],
    },
    'worker-0 (i-0) tag pod_cidr: "172.22.0.1/24" has host bits set, the canonical form is 172.22.0.0/24',
    'worker-1 (i-1) tag pod_cidr: "\\u001b[31m$(reboot)" is not a CIDR, expected for example 10.200.0.0/24 or fd00:200::/64',
  ],
  [
    "a pod CIDR that two instances have",
    byName,
    {
      instances: [worker(0), tagged(1, "172.22.0.0/24")],
    },
    'worker-1 (i-1): pod CIDR "172.22.0.0/24" is also that of worker-0 (worker-0 (i-0)), pod CIDRs must not overlap',
  ],
  [
    "a pod CIDR inside the VPC",
    byName,
    {
      instances: [tagged(0, "172.20.9.0/24")],
    },
    'worker-0 (i-0): pod CIDR "172.20.9.0/24" of worker-0 overlaps the node subnet 172.20.0.0/16',
  ],
  [
    "no route table with the tag",
    byName,
    { tables: [] },
    "routeTables: no route table in region eu-west-1 has tag Name=kubernetes",
  ],
  [
    "several route tables with the tag",
    byName,
    { tables: [table, { ...table, id: "rtb-2" }] },
    "routeTables: 2 route tables have tag Name=kubernetes: rtb-1 (vpc-1), rtb-2 (vpc-1); name those you mean in routeTables.ids, or set routeTables.several to true",
  ],
  [
    "route tables of two VPCs",
    { ...byName, routeTables: { several: true } },
    { tables: [table, { ...table, id: "rtb-2", vpcId: "vpc-2" }] },
    "routeTables: these are in different VPCs: rtb-1 (vpc-1), rtb-2 (vpc-2); one stack is for one VPC",
  ],
  [
    "an id of no route table, or of one in another VPC",
    { ...byName, routeTables: { ids: ["rtb-1", "rtb-9"], vpcId: "vpc-1" } },
    {},
    'routeTables.ids[1]: no route table in region eu-west-1 has the id "rtb-9" and VPC vpc-1',
  ],
  [
    "an instance of another VPC",
    byName,
    { instances: [worker(0, { vpcId: "vpc-2" })] },
    "worker-0 (i-0): its network interface eni-0 is not in vpc-1, the VPC of the route table",
  ],
  [
    "a source/destination check that is on",
    byName,
    {
      instances: [worker(0, { sourceDestCheck: true }), worker(1)],
    },
    "worker-0 (i-0): its network interface eni-0 drops packets for pods, for its source/destination check is on; switch it off: aws ec2 modify-network-interface-attribute --network-interface-id eni-0 --no-source-dest-check",
  ],
  [
    "more routes than the quota allows",
    byName,
    withRoutes(...many(49)),
    `rtb-1: has 49 IPv4 routes and would get 3 more, 50 are allowed; ${over}`,
  ],
  [
    "more routes than the quota that is configured allows",
    { ...byName, routesPerTable: 2 },
    {},
    `rtb-1: has 0 IPv4 routes and would get 3 more, 2 are allowed; ${over}`,
  ],
  [
    "a foreign route to a pod CIDR that leads to its worker",
    byName,
    withRoutes(via(0)),
    "rtb-1 172.22.0.0/24: a route that this stack did not make leads to worker-0 already; take it over: pulumi config set adoptExisting true; or remove it: aws ec2 delete-route --route-table-id rtb-1 --destination-cidr-block 172.22.0.0/24",
  ],
  [
    "a foreign route to a pod CIDR that leads elsewhere, even if such routes are taken over",
    { ...byName, adoptExisting: true },
    withRoutes(via(0, 1), via(1, 9)),
    "rtb-1 172.22.0.0/24: a route that this stack did not make leads to eni-1, not to eni-0 of worker-0; remove it: aws ec2 delete-route --route-table-id rtb-1 --destination-cidr-block 172.22.0.0/24; or correct it and set adoptExisting: aws ec2 replace-route --route-table-id rtb-1 --destination-cidr-block 172.22.0.0/24 --network-interface-id eni-0",
    "rtb-1 172.22.1.0/24: a route that this stack did not make leads to eni-9, which is gone (a blackhole), not to eni-1 of worker-1; remove it: aws ec2 delete-route --route-table-id rtb-1 --destination-cidr-block 172.22.1.0/24; or correct it and set adoptExisting: aws ec2 replace-route --route-table-id rtb-1 --destination-cidr-block 172.22.1.0/24 --network-interface-id eni-1",
  ],
] as [string, object, FakeAccount, ...string[]][]) {
  test(`${what} is a fault`, async () => {
    assert.deepEqual((await plan(args, there)).faults, faults);
  });
}

test("a stopped instance does not matter beside a running one of its name", async () => {
  const { faults } = await plan(byName, {
    instances: [worker(0), worker(0, { id: "i-8", state: "stopped" })],
  });
  assert.deepEqual(faults, []);
});

test("faults of everything that was looked up are said at once, and nothing is declared", async (t) => {
  const registered = await record1({
    ...withRoutes(...many(49)),
    instances: [worker(0, { sourceDestCheck: true }), tagged(1), worker(2)],
  });
  const instances = { names: ["worker-?", "other"] };
  const said = await programError(
    t,
    () => new AwsPodRoutes("routes", { instances }),
  );
  const [first, ...more] = said.split("\n");
  assert.equal(
    first,
    "AWS cannot have these routes: 4 faults; nothing was changed",
  );
  assert.deepEqual(
    more.map((line) => line.replace(/: .*/, "")),
    [
      "  - instances.names[1]",
      "  - worker-1 (i-1)",
      "  - worker-0 (i-0)",
      "  - rtb-1",
    ],
  );
  assert.deepEqual(
    registered.map(({ type }) => type),
    ["pod-network-routes:index:AwsPodRoutes"],
  );
});

test("what AWS says to a question it refuses is passed on", async (t) => {
  await recordCloud(() => {
    // what gRPC makes of a provider's error
    const details = "no valid credential sources found";
    throw Object.assign(new Error(details), { details });
  });
  assert.match(
    await programError(t, () => new AwsPodRoutes("routes", byName)),
    /^AWS could not be asked what is there; nothing was changed\n {2}- .*no valid credential sources found\nfor a look at the credentials: aws sts get-caller-identity$/s,
  );
});

test("warnings are said", async (t) => {
  const said = warnings(t);
  await record1(withRoutes(via(9)));
  new AwsPodRoutes("routes", byName);
  await pulumi.runtime.disconnect();
  assert.equal(said.length, 1);
});

test("what this stack made is known by its state, even if that is being written", async () => {
  const ask = fakeEc2({ ...account, ...withRoutes(via(0, 7)) });
  const asked: object[] = [];
  let half = 2;
  const registered = await record("", "acme", false, (args) => {
    if (args.token !== "pulumi:pulumi:readStackResourceOutputs") {
      return ask(args);
    }
    if (half-- > 0) {
      throw new Error("failed to load checkpoint: EOF");
    }
    asked.push(args.inputs);
    return {
      outputs: {
        "urn:pulumi:s::p::pod-network-routes:index:AwsPodRoutes$aws:ec2/route:Route::routes-rtb-1-172-22-0-0-24":
          {
            type: "aws:ec2/route:Route",
            outputs: { networkInterfaceId: "eni-7" },
          },
      },
    };
  });
  const component = new AwsPodRoutes("routes", byName);
  await value(component.routeTable);
  await pulumi.runtime.disconnect();
  assert.equal(registered.length, 4);
  assert.deepEqual(asked, [{ stackName: "acme/project/stack" }]);
});

test("a route that another resource of the stack has is a fault of its own, and is not taken for somebody else's", async () => {
  await record1(withRoutes(via(1, 9)));
  const read = readCloudArgs(awsArgsSchema, byName);
  const faultsWith = async (...taken: string[]) => {
    const faults = new Faults();
    const found = await lookUp(read, faults, {});
    const others = new Map(taken.map((name) => [name, { urn: "urn" }]));
    planAws(read, found, new Map(), faults, { ...nowhere, taken: others });
    return faults.all.length;
  };
  assert.equal(await faultsWith(), 1);
  assert.equal(await faultsWith("rtb-1-172-22-1-0-24"), 0);
});

testRefusals("AWS", (args) => new AwsPodRoutes("routes", args), [
  [
    "no inventory",
    {},
    "nodes: give the inventory by one of nodes, machinesFile, inventory, instances; none is given",
  ],
  [
    "two inventories",
    { ...byName, machinesFile: "machines.txt" },
    "nodes: give the inventory by one of nodes, machinesFile, inventory, instances; machinesFile and instances are given",
  ],
  [
    "no name",
    { instances: { names: [] } },
    "instances.names: [] is not allowed: expected at least one name",
  ],
  [
    "a misspelt key",
    { instances: { names: ["a"], podCidrTags: "x" } },
    "instances.podCidrTags: is not a known key, did you mean podCidrTag? Known keys: names, nameTag, podCidrTag",
  ],
  [
    "an id that is none",
    { ...byName, routeTables: { ids: ["kubernetes"] } },
    'routeTables.ids[0]: "kubernetes" is not allowed: expected the id of a route table',
  ],
  [
    "a quota that AWS does not give",
    { ...byName, routesPerTable: 1001 },
    "routesPerTable: 1001 is not allowed: expected 1 to 1000",
  ],
  [
    "two nodes of one pod CIDR",
    {
      nodes: ["a", "b"].map((name, i) => ({
        name,
        internalIp: `10.0.0.1${i}`,
        podCidrs: ["10.200.0.0/24"],
      })),
    },
    'nodes[1]: pod CIDR "10.200.0.0/24" is also that of a (nodes[0]), pod CIDRs must not overlap',
  ],
]);
