import assert from "node:assert/strict";
import { test } from "node:test";
import { readCloudArgs } from "../../../components/cloud/cloudArgs.ts";
import { Faults } from "../../../components/core/faults.ts";
import type { NeutronRoute } from "../../../components/openstack/openStackAnswers.ts";
import type { NetworkApi } from "../../../components/openstack/openStackApi.ts";
import { openStackArgsSchema } from "../../../components/openstack/openStackArgs.ts";
import type {
  Holder,
  OpenStackFindings,
  Port,
} from "../../../components/openstack/openStackLookup.ts";
import { planOpenStack } from "../../../components/openstack/openStackPlan.ts";
import { OpenStackPodRoutes } from "../../../components/openstack/openStackPodRoutes.ts";
import { restoreRoutes } from "../../../components/openstack/restoreRoutes.ts";
import type { Recorded } from "../../../components/stack/recorded.ts";
import { testRefusals, textsOf } from "../cloud/cloudStack.ts";

const nobody: NetworkApi = {
  list: () => assert.fail("a plan does not ask"),
  update: () => assert.fail("a plan does not change anything"),
};

/** The port of a worker of the guide, ready to be routed to. */
function port(i: number, more: Partial<Port> = {}): Port {
  return {
    name: `worker-${i}`,
    id: `port-${i}`,
    state: "ACTIVE",
    running: true,
    addresses: [`10.240.0.2${i}`],
    podCidrs: `10.200.${i}.0/24`,
    allowed: [`10.200.${i}.0/24`],
    secured: true,
    ...more,
  };
}

const nodes = [0, 1, 2].map((i) => ({
  name: `worker-${i}`,
  internalIp: `10.240.0.2${i}`,
  podCidrs: [`10.200.${i}.0/24`],
}));
const via = (i: number, hop = i): NeutronRoute => ({
  destination: `10.200.${i}.0/24`,
  nexthop: `10.240.0.2${hop}`,
});

const subnet = {
  id: "subnet-1",
  name: "kubernetes",
  network_id: "net-1",
  cidr: "10.240.0.0/24",
  ip_version: 4 as const,
  host_routes: [],
};

const holder: Holder = {
  kind: "subnet",
  id: subnet.id,
  name: subnet.name,
  routes: [],
};

/** A subnet or router with these routes, and the ports of three workers. */
function there(
  routes: NeutronRoute[] = [],
  more: Partial<OpenStackFindings> = {},
): OpenStackFindings {
  return {
    api: nobody,
    subnet,
    attached: true,
    holder: { ...holder, routes },
    ports: [port(0), port(1), port(2)],
    ...more,
  };
}

const router = (routes: NeutronRoute[] = []) => ({
  holder: { kind: "router" as const, id: "router-1", name: "kube", routes },
});

/** Plans what a component would declare; every fault as `path: message`. */
function plan(
  args: object = {},
  found = there(),
  ours: Record<string, Recorded> = {},
) {
  const inventory = "instances" in args ? {} : { nodes };
  const read = readCloudArgs(openStackArgsSchema, { ...inventory, ...args });
  const faults = new Faults();
  const before = new Map(Object.entries(ours));
  const planned = planOpenStack(read, found, before, faults);
  return { ...planned, faults: textsOf(faults) };
}

/** What the state holds of a route of ours. */
const mine = (route: NeutronRoute) => ({
  subnetId: "subnet-1",
  destinationCidr: route.destination,
  nextHop: route.nexthop,
  urn: "urn:pulumi:s::p::a$t::routes-x",
});

test("one route a worker is planned, through its internal IP", () => {
  const { routes, routeTable, faults, ids } = plan();
  assert.deepEqual(faults, []);
  assert.deepEqual(
    routes,
    [0, 1, 2].map((i) => ({
      resource: `10-200-${i}-0-24`,
      destinationCidr: `10.200.${i}.0/24`,
      nextHop: `10.240.0.2${i}`,
      importId: undefined,
    })),
  );
  assert.deepEqual(routeTable[1], {
    destination: "10.200.1.0/24",
    nextHop: "10.240.0.21",
    node: "worker-1",
    id: "subnet-1-route-10.200.1.0/24-10.240.0.21",
  });
  assert.deepEqual(ids, {
    subnetId: "subnet-1",
    networkId: "net-1",
    routerId: undefined,
  });
});

test("workers may be found by the names of their ports, which allow their pod CIDRs", () => {
  const vip = port(1, {
    podCidrs: "10.200.1.0/24",
    allowed: ["10.240.0.99", "10.200.1.0/24"],
  });
  const found = there([], { ports: [port(0), vip] });
  const { routeTable, faults } = plan({ instances: { names: ["w*"] } }, found);
  assert.deepEqual(faults, []);
  assert.deepEqual(
    routeTable.map(({ node, destination }) => [node, destination]),
    [
      ["worker-0", "10.200.0.0/24"],
      ["worker-1", "10.200.1.0/24"],
    ],
  );
});

test("the text is what openstack subnet show | grep destination prints", () => {
  const theirs = { destination: "10.9.0.0/16", nexthop: "10.240.0.9" };
  assert.equal(
    plan({}, there([theirs])).text,
    `
| host_routes       | destination='10.9.0.0/16', gateway='10.240.0.9'    |
|                   | destination='10.200.0.0/24', gateway='10.240.0.20' |
|                   | destination='10.200.1.0/24', gateway='10.240.0.21' |
|                   | destination='10.200.2.0/24', gateway='10.240.0.22' |`.trimStart(),
  );
});

test("a port may allow more than the pod CIDR, or everything", () => {
  const ports = [
    port(0, { allowed: ["10.200.0.0/16"] }),
    port(1, { allowed: ["0.0.0.0/0"] }),
    port(2, { allowed: [], secured: false }),
  ];
  assert.deepEqual(plan({}, there([], { ports })).faults, []);
});

test("a new route of a subnet brings the warning that every host learns all routes; a route of a router does not", () => {
  assert.match(plan().warnings.join(), /every host learns all of them/);
  assert.match(plan().warnings.join(), /use mode router, or target hosts/);
  const all = [via(0), via(1), via(2)];
  const ours = Object.fromEntries(
    [0, 1, 2].map((i) => [`10-200-${i}-0-24`, mine(via(i))]),
  );
  assert.deepEqual(plan({}, there(all), ours).warnings, []);
  const mode = { mode: "router", router: "kube" };
  assert.deepEqual(plan(mode, there([], router())).warnings, []);
});

test("a route of ours that changes is no fault", () => {
  const ours = { "10-200-0-0-24": mine(via(0, 1)) };
  assert.deepEqual(plan({}, there([via(0, 1)]), ours).faults, []);
});

test("a route of ours that somebody else deleted is put back", () => {
  const ours = { "10-200-0-0-24": mine(via(0)) };
  const { lost, warnings, faults } = plan({}, there(), ours);
  assert.deepEqual(faults, []);
  assert.deepEqual(lost, [via(0)]);
  assert.equal(
    warnings[0],
    "subnet kubernetes: the route to 10.200.0.0/24 via 10.240.0.20 was deleted by somebody else; pulumi up puts it back",
  );
});

test("a route that is taken over is imported by its id", () => {
  const { routes, faults } = plan({ adoptExisting: true }, there([via(1)]));
  assert.deepEqual(faults, []);
  assert.deepEqual(
    routes.map(({ importId }) => importId),
    [undefined, "subnet-1-route-10.200.1.0/24-10.240.0.21", undefined],
  );
});

const others = (count: number): NeutronRoute[] =>
  Array.from({ length: count }, (_, i) => ({
    destination: `10.9.${i}.0/24`,
    nexthop: "10.240.0.9",
  }));

test("as many routes as the quota allows are no fault", () => {
  assert.deepEqual(plan({}, there(others(17))).faults, []);
  const mode = { mode: "router", router: "kube" };
  assert.deepEqual(plan(mode, there([], router(others(27)))).faults, []);
});

for (const [what, args, found, ours, ...faults] of [
  [
    "a next hop without a port",
    {},
    there([], { ports: [port(0), port(1)] }),
    {},
    'nodes[2]: no port in subnet kubernetes has the internal IP "10.240.0.22" of worker-2',
  ],
  [
    "a next hop outside of the subnet",
    { nodes: [{ ...nodes[0], internalIp: "10.241.0.20" }] },
    there(),
    {},
    'nodes[0]: no port in subnet kubernetes has the internal IP "10.241.0.20" of worker-0',
    'nodes[0]: next hop "10.241.0.20" of worker-0 is outside the node subnets 10.240.0.0/24',
  ],
  [
    "a port that drops packets from pods",
    {},
    there([], {
      ports: [port(0, { allowed: ["10.200.0.0/25"] }), port(1), port(2)],
    }),
    {},
    "nodes[0]: port port-0 of worker-0 drops packets from its pods 10.200.0.0/24, for they are not among its allowed addresses: openstack port set --allowed-address ip-address=10.200.0.0/24 port-0",
  ],
  [
    "a named port without a pod CIDR",
    { instances: { names: ["worker-0", "node-9"] } },
    there([], { ports: [port(0, { podCidrs: undefined })] }),
    {},
    'instances.names[1]: no port in subnet kubernetes has the name "node-9"',
    "worker-0 (port-0): has no block among its allowed addresses, where its pod CIDR is expected: openstack port set --allowed-address ip-address=CIDR port-0",
  ],
  [
    "a pod CIDR inside the subnet",
    { nodes: [{ ...nodes[0], podCidrs: ["10.240.0.128/25"] }] },
    there([], { ports: [port(0, { secured: false })] }),
    {},
    'nodes[0]: pod CIDR "10.240.0.128/25" of worker-0 overlaps the node subnet 10.240.0.0/24',
  ],
  [
    "a pod CIDR of another family than the subnet",
    {
      nodes: [
        {
          name: "worker-0",
          internalIp: ["10.240.0.20", "fd00::20"],
          podCidrs: ["fd00:200::/64"],
        },
      ],
    },
    there([], { ports: [port(0, { addresses: ["10.240.0.20", "fd00::20"] })] }),
    {},
    'nodes[0]: pod CIDR "fd00:200::/64" of worker-0 is IPv6 and subnet kubernetes is IPv4; a stack is for one subnet',
  ],
  [
    "more host routes than the quota allows",
    {},
    there(others(18)),
    {},
    "subnet kubernetes: has 18 routes and would get 3 more, 20 are allowed; have the cloud raise max_subnet_host_routes in neutron.conf and then set routesPerSubnet to what it is, or use mode router (30)",
  ],
  [
    "more routes of a router than the quota allows",
    { mode: "router", router: "kube", routesPerRouter: 29 },
    there([], router(others(27))),
    {},
    "router kube: has 27 routes and would get 3 more, 29 are allowed; have the cloud raise max_routes in neutron.conf and then set routesPerRouter to what it is",
  ],
  [
    "a router without an interface in the subnet",
    { mode: "router", router: "kube" },
    there([], { ...router(), attached: false }),
    {},
    "router: kube has no interface in subnet kubernetes, so it knows no way to the nodes: openstack router add subnet router-1 subnet-1",
  ],
  [
    "a foreign route to a pod CIDR",
    {},
    there([via(0), via(1, 7)]),
    {},
    "subnet kubernetes 10.200.0.0/24: a route that this stack did not make leads to worker-0 already; take it over: pulumi config set adoptExisting true; or remove it: openstack subnet unset --host-route destination=10.200.0.0/24,gateway=10.240.0.20 subnet-1",
    "subnet kubernetes 10.200.1.0/24: a route that this stack did not make leads to 10.240.0.27, not to 10.240.0.21 of worker-1; remove it: openstack subnet unset --host-route destination=10.200.1.0/24,gateway=10.240.0.27 subnet-1",
  ],
  [
    "a foreign route beside one of ours",
    { adoptExisting: true },
    there([via(0), via(0, 7)]),
    { "10-200-0-0-24": mine(via(0)) },
    "subnet kubernetes 10.200.0.0/24: a route that this stack did not make leads to 10.240.0.27, not to 10.240.0.20 of worker-0; remove it: openstack subnet unset --host-route destination=10.200.0.0/24,gateway=10.240.0.27 subnet-1",
  ],
  [
    "a route that is to go or to change, and that somebody else deleted",
    {},
    there(),
    { "10-200-0-0-24": mine(via(0, 9)), "10-200-7-0-24": mine(via(7)) },
    "subnet kubernetes 10.200.0.0/24: the route via 10.240.0.29 was deleted by somebody else, and Pulumi cannot delete it again; have it forget the route: pulumi state delete 'urn:pulumi:s::p::a$t::routes-x'",
    "subnet kubernetes 10.200.7.0/24: the route via 10.240.0.27 was deleted by somebody else, and Pulumi cannot delete it again; have it forget the route: pulumi state delete 'urn:pulumi:s::p::a$t::routes-x'",
  ],
] as [
  string,
  object,
  OpenStackFindings,
  Record<string, Recorded>,
  ...string[],
][]) {
  test(`${what} is a fault`, () => {
    assert.deepEqual(plan(args, found, ours).faults, faults);
  });
}

/** A Neutron that holds one subnet, which somebody else changes before each of the first writes. */
function contested(routes: NeutronRoute[], times: number) {
  let revision = 1;
  let now = routes;
  const api = {
    list: async () => [{ revision_number: revision, host_routes: now }],
    update: async (_c: string, _id: string, at: number, change: object) => {
      if (times-- > 0) {
        revision++;
        now = [...now, { destination: `10.8.${times}.0/24`, nexthop: "x" }];
      }
      if (at !== revision) {
        return false;
      }
      now = (change as { host_routes: NeutronRoute[] }).host_routes;
      return true;
    },
  } as unknown as NetworkApi;
  return { api, now: () => now };
}

test("missing routes are added to those that others have written in the meantime", async () => {
  const { api, now } = contested([via(0)], 2);
  assert.deepEqual(await restoreRoutes(api, holder, [via(0), via(1)]), [
    via(1),
  ]);
  assert.deepEqual(
    now().map(({ destination }) => destination),
    ["10.200.0.0/24", "10.8.1.0/24", "10.8.0.0/24", "10.200.1.0/24"],
  );
});

test("nothing is written where nothing is missing", async () => {
  const { api } = contested([via(0), via(1)], 0);
  const reading = { ...api, update: nobody.update };
  assert.deepEqual(await restoreRoutes(reading, holder, [via(0), via(1)]), []);
});

test("after a change by somebody else before each attempt, the run fails and says so", async () => {
  const { api } = contested([], 100);
  await assert.rejects(
    restoreRoutes(api, holder, [via(0)]),
    /run pulumi up again/,
  );
});

testRefusals(
  "OpenStack",
  (args) => new OpenStackPodRoutes("routes", args as never),
  [
    [
      "a mode that is none",
      { nodes, mode: "port" },
      'mode: "port" is not allowed, expected "subnet" or "router"',
    ],
    [
      "no quota",
      { nodes, routesPerSubnet: 0 },
      "routesPerSubnet: 0 is not allowed: expected 1 or more",
    ],
  ],
);
