import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { readCloudArgs } from "../../../components/cloud/cloudArgs.ts";
import { Faults } from "../../../components/core/faults.ts";
import { gcpArgsSchema } from "../../../components/gcp/gcpArgs.ts";
import { lookUp } from "../../../components/gcp/gcpLookup.ts";
import { type GcpPlan, planGcp } from "../../../components/gcp/gcpPlan.ts";
import { GcpPodRoutes } from "../../../components/gcp/gcpPodRoutes.ts";
import type { Recorded } from "../../../components/stack/recorded.ts";
import {
  ComputeApi,
  type InstanceSettings,
} from "../../clouds/computeApiServer.ts";
import {
  programError,
  recordCloud,
  testRefusals,
  textsOf,
} from "../cloud/cloudStack.ts";
import { type Registered, value, warnings } from "../mockedStack.ts";

const network = "kubernetes-the-hard-way";
const zone = "us-west1-c";
const args = { instances: { names: ["worker-*"] }, network };

let api: ComputeApi;
before(async () => {
  api = await ComputeApi.start();
  process.env.GOOGLE_COMPUTE_CUSTOM_ENDPOINT = api.endpoint;
});
after(() => api.stop());

/** A worker of the guide, ready to be routed to. */
function worker(i: number, more: Partial<InstanceSettings> = {}) {
  const name = `worker-${i}`;
  const ip = `10.240.0.2${i}`;
  return { name, zone, network, ip, podCidr: `10.200.${i}.0/24`, ...more };
}

/** Lets GCP have a network with these instances, and another network, and nothing else. */
async function there(...instances: InstanceSettings[]): Promise<void> {
  await api.stop();
  api = await ComputeApi.start();
  process.env.GOOGLE_COMPUTE_CUSTOM_ENDPOINT = api.endpoint;
  const subnet = { name: "kubernetes", region: "us-west1" };
  const ranges = { secondary: ["10.100.0.0/16"], ipv6: "fd20:1:2:3::/64" };
  const subnets = [{ ...subnet, ...ranges, range: "10.240.0.0/24" }];
  api.network(network, { subnets });
  api.network("other", { subnets: [{ ...subnet, range: "10.0.0.0/24" }] });
  for (const instance of instances) {
    api.instance(instance);
  }
}

/** Has the engine record what is declared, with a state that holds these routes. */
function recording(ours: Record<string, Recorded> = {}): Promise<Registered[]> {
  return recordCloud(
    () => ({ accessToken: api.token, project: api.project }),
    Object.fromEntries(
      Object.entries(ours).map(([name, outputs]) => [
        `urn:pulumi:s::p::t::routes-${name}`,
        { type: "gcp:compute/route:Route", outputs },
      ]),
    ),
  );
}

/** Plans what a component would declare; every fault as `path: message`. */
async function plan(
  more: object = {},
  ours: Record<string, Recorded> = {},
): Promise<GcpPlan & { faults: string[] }> {
  await recording();
  const read = readCloudArgs(gcpArgsSchema, { ...args, ...more });
  const faults = new Faults();
  const found = await lookUp(read, faults, {});
  const planned = planGcp(read, found, new Map(Object.entries(ours)), faults);
  return { ...planned, faults: textsOf(faults) };
}

/** What the state holds of a route as it was made. */
function recordedRoute(name: string, more: Recorded = {}): Recorded {
  const { selfLink } = api.routes(network)[0] ?? { selfLink: "" };
  return {
    name,
    network: selfLink.replace(/routes\/.*/, `networks/${network}`),
    destRange: "10.200.0.0/24",
    nextHopIp: "10.240.0.20",
    nextHopInstance: "",
    priority: 1000,
    ...more,
  };
}

const usual = "kubernetes-route-10-200-0-0-24";

test("one route a worker is declared, named as the guide does, and nothing else", async () => {
  await there(worker(0), worker(1));
  const registered = await recording();
  const component = new GcpPodRoutes("routes", args);
  const table = await value(component.routeTable);
  await pulumi.runtime.disconnect();
  const project = api.project;
  const route = (i: number) => ({
    type: "gcp:compute/route:Route",
    name: `routes-10-200-${i}-0-24`,
    inputs: {
      name: `kubernetes-route-10-200-${i}-0-24`,
      project,
      network: `https://www.googleapis.com/compute/v1/projects/${project}/global/networks/${network}`,
      destRange: `10.200.${i}.0/24`,
      nextHopIp: `10.240.0.2${i}`,
      priority: 1000,
    },
  });
  assert.deepEqual(registered, [
    {
      type: "pod-network-routes:index:GcpPodRoutes",
      name: "routes",
      inputs: args,
    },
    route(0),
    route(1),
  ]);
  assert.deepEqual(table[1], {
    destination: "10.200.1.0/24",
    nextHop: "10.240.0.21",
    node: "worker-1",
    id: `projects/${project}/global/routes/kubernetes-route-10-200-1-0-24`,
  });
  assert.equal(await value(component.project), project);
  assert.match(await value(component.network), /\/global\/networks\/kube/);
  assert.deepEqual(api.log, [], "the component itself only reads");
});

test("the text is what gcloud compute routes list prints", async () => {
  await there(worker(0), worker(1));
  const defaults = api.routes(network).map(({ name }) => name);
  const text = (await plan()).text.split("\n");
  assert.equal(
    text[0],
    "NAME                            NETWORK                  DEST_RANGE       NEXT_HOP                  PRIORITY",
  );
  assert.equal(
    text.at(-2),
    "kubernetes-route-10-200-0-0-24  kubernetes-the-hard-way  10.200.0.0/24    10.240.0.20               1000",
  );
  assert.deepEqual(
    text.slice(1, -2).map((line) => line.split(" ")[0]),
    defaults.sort(),
  );
  assert.match(
    text.join("\n"),
    / 0\.0\.0\.0\/0 +default-internet-gateway +1000\n/,
  );
  assert.match(
    text.join("\n"),
    / 10\.240\.0\.0\/24 +kubernetes-the-hard-way +1000\n/,
  );
});

test("a next hop may be the instance", async () => {
  await there(worker(0));
  const { routes, text, faults } = await plan({ nextHop: "instance" });
  assert.deepEqual(faults, []);
  const { nextHopInstance, nextHopIp } = routes[0]?.content ?? {};
  assert.equal(
    nextHopInstance,
    `projects/${api.project}/zones/${zone}/instances/worker-0`,
  );
  assert.equal(nextHopIp, undefined);
  assert.match(text, / us-west1-c\/instances\/worker-0 /);
});

test("priority and names are as configured", async () => {
  await there(worker(0));
  const { routes } = await plan({ priority: 0, routeNamePrefix: "pods" });
  assert.equal(routes[0]?.name, "pods-10-200-0-0-24");
  assert.equal(routes[0]?.content.priority, 0);
});

test("a dual-stack worker has a route of each family, with valid names", async () => {
  await there(
    worker(0, {
      podCidr: "10.200.0.0/24,fd00:1111:2222:3333:4444:5555:6666:0/112",
      ipv6: "fd20:1:2:3::20",
    }),
  );
  const { routes, faults } = await plan({
    routeNamePrefix: "a-prefix-that-is-as-long-as-is-allowed-x",
  });
  assert.deepEqual(faults, []);
  assert.equal(routes.length, 2);
  for (const { name } of routes) {
    assert.match(name, /^[a-z][-a-z0-9]{0,61}[a-z0-9]$/);
  }
  assert.equal(routes[1]?.content.nextHopIp, "fd20:1:2:3::20");
});

test("IPv6 addresses mean the same in every spelling", async () => {
  await there(worker(0, { ip: "10.240.0.20", ipv6: "fd20:1:2:3:0:0:0:20" }));
  const nodes = [
    {
      name: "node-0",
      internalIp: ["10.240.0.20", "fd20:1:2:3::20"],
      podCidrs: ["fd00:22::/64"],
    },
  ];
  const wanted = { instances: undefined, nodes };
  const name = "kubernetes-route-fd00-22---64";
  const hop = "fd20:1:2:3::20";
  api.route({ name, network, destRange: "fd00:22::/64", nextHopIp: hop });
  const ours = {
    "fd00-22---64": recordedRoute(name, {
      destRange: "fd00:22:0:0:0:0:0:0/64",
      nextHopIp: "fd20:1:2:3:0:0:0:20",
    }),
  };
  const planned = await plan(wanted, ours);
  assert.deepEqual(planned.faults, []);
  assert.deepEqual(
    planned.routes.map((r) => r.name),
    [name],
  );
});

test("nodes of the configuration are found by their internal IP, in the network alone", async () => {
  await there(worker(0), worker(1, { network: "other", ip: "10.0.0.21" }));
  const node = (i: number, internalIp: string) => ({
    name: `node-${i}`,
    internalIp,
    podCidrs: [`10.200.${i}.0/24`],
  });
  const given = (...nodes: object[]) => ({ instances: undefined, nodes });
  const { faults, routeTable } = await plan(given(node(0, "10.240.0.20")));
  assert.deepEqual(faults, []);
  assert.deepEqual(
    routeTable.map((r) => r.node),
    ["node-0"],
  );
  assert.deepEqual((await plan(given(node(1, "10.0.0.21")))).faults, [
    'nodes[0]: no instance in network kubernetes-the-hard-way has the internal IP "10.0.0.21" of node-1',
    'nodes[0]: next hop "10.0.0.21" of node-1 is outside the node subnets 10.240.0.0/24',
  ]);
});

test("a network may be given by its self link, in any of its forms", async () => {
  await there(worker(0));
  for (const host of ["", "https://www.googleapis.com/compute/v1/"]) {
    const link = `${host}projects/${api.project}/global/networks/${network}`;
    const { faults, routes } = await plan({ network: link });
    assert.deepEqual(faults, []);
    assert.equal(routes.length, 1);
  }
});

test("everything is found, on however many pages it stands", async () => {
  await there(...[0, 1, 2, 3, 4].map((i) => worker(i)));
  api.pageSize = 2;
  const { routeTable, faults } = await plan();
  assert.deepEqual(faults, []);
  assert.equal(routeTable.length, 5);
});

test("a route of ours with the same content keeps its name, whatever that is", async () => {
  await there(worker(0));
  const description = "by hand";
  const ours = { "10-200-0-0-24": recordedRoute("old-name", { description }) };
  const { routes, faults } = await plan({}, ours);
  assert.deepEqual(faults, []);
  assert.equal(routes[0]?.name, "old-name");
  assert.equal(routes[0]?.content.description, "by hand");
});

for (const [what, more] of [
  ["next hop", { nextHopIp: "10.240.0.99" }],
  ["priority", { priority: 900 }],
  ["network", { network: "projects/p/global/networks/other" }],
  ["kind of next hop", { nextHopInstance: "projects/p/zones/z/instances/i" }],
] as const) {
  test(`a route of ours that gets another ${what} gets another name, so that both can be there`, async () => {
    await there(worker(0));
    const ours = { "10-200-0-0-24": recordedRoute(usual, more) };
    const [first, again] = [await plan({}, ours), await plan({}, ours)];
    assert.match(
      first.routes[0]?.name ?? "",
      /^kubernetes-route-10-200-0-0-24-[0-9a-f]{4}$/,
    );
    assert.equal(first.routes[0]?.name, again.routes[0]?.name);
    const renamed = { "10-200-0-0-24": recordedRoute("some-other", more) };
    assert.equal((await plan({}, renamed)).routes[0]?.name, usual);
  });
}

test("a route that changes is not deleted before its replacement is there", async () => {
  await there(worker(0));
  let seen: unknown;
  await recording();
  const component = new GcpPodRoutes("routes", args, {
    transformations: [
      ({ type, opts, props }) => {
        if (type === "gcp:compute/route:Route") {
          seen = (opts as pulumi.CustomResourceOptions).deleteBeforeReplace;
        }
        return { props, opts };
      },
    ],
  });
  await value(component.routeTable);
  await pulumi.runtime.disconnect();
  assert.equal(seen, false);
});

test("a route of ours that somebody else deleted is warned of", async () => {
  await there(worker(0));
  const ours = { "10-200-0-0-24": recordedRoute(usual) };
  assert.deepEqual((await plan({}, ours)).warnings, [
    "route kubernetes-route-10-200-0-0-24 to 10.200.0.0/24 was deleted by somebody else; to fix that: pulumi up --refresh",
  ]);
});

const guides = (more: object = {}) => ({
  name: "guides",
  network,
  destRange: "10.200.0.0/24",
  nextHopIp: "10.240.0.20",
  ...more,
});

test("a foreign route that is the wanted one is taken over under its name if that is wanted", async () => {
  await there(worker(0));
  api.route(guides({ description: "by hand" }));
  const registered = await recording();
  const component = new GcpPodRoutes("routes", {
    ...args,
    adoptExisting: true,
  });
  await value(component.routeTable);
  await pulumi.runtime.disconnect();
  assert.equal(registered[1]?.inputs.name, "guides");
  assert.equal(registered[1]?.inputs.description, "by hand");
  assert.equal(
    registered[1]?.importId,
    `projects/${api.project}/global/routes/guides`,
  );
});

const remove =
  "gcloud compute routes delete guides --project pod-network-routes";
const at = "kubernetes-the-hard-way 10.200.0.0/24";

for (const [what, more, setUp, ...faults] of [
  [
    "no instance of a name",
    { instances: { names: ["worker-0", "node-?"] } },
    () => {},
    'instances.names[1]: no instance of project pod-network-routes has the name "node-?"',
  ],
  [
    "an instance in another zone than those given",
    { instances: { names: ["worker-0"], zones: ["us-west1-a"] } },
    () => {},
    'instances.names[0]: no instance of project pod-network-routes in us-west1-a has the name "worker-0"',
  ],
  [
    "two running instances of a name",
    {},
    () => api.instance(worker(0, { zone: "us-west1-a", ip: "10.240.0.30" })),
    "worker-0: 2 running instances have this name: us-west1-a, us-west1-c; a name has to stand for one",
  ],
  [
    "a stopped instance",
    {},
    () => api.instance(worker(1, { status: "TERMINATED" })),
    "worker-1: (us-west1-c) is TERMINATED, a route to it would lead nowhere; start it: gcloud compute instances start worker-1 --zone us-west1-c; or leave it out",
  ],
  [
    "an instance without the metadata",
    { instances: { names: ["worker-0"], podCidrKey: "pods" } },
    () => {},
    "worker-0 (us-west1-c): has no metadata pods, where its pod CIDR is expected: gcloud compute instances add-metadata worker-0 --zone us-west1-c --metadata pods=CIDR",
  ],
  [
    "malformed metadata",
    {},
    () => api.instance(worker(0, { podCidr: "10.200.0.0/33" })),
    'worker-0 (us-west1-c) metadata pod-cidr: "10.200.0.0/33" has prefix length 33, IPv4 allows 0 to 32',
  ],
  [
    "a network that is not there",
    { network: "default" },
    () => {},
    'network: project pod-network-routes has no network "default"',
  ],
  [
    "an instance in another network",
    { network: "other" },
    () => {},
    "worker-0 (us-west1-c): has no interface in network other, where its route would be",
    'worker-0 (us-west1-c): next hop "10.240.0.20" of worker-0 is outside the node subnets 10.0.0.0/24',
  ],
  [
    "an instance that may not forward",
    {},
    () => api.instance(worker(0, { canIpForward: false })),
    "worker-0 (us-west1-c): drops packets for pods, for it may not forward (canIpForward is false); allow it: gcloud compute instances export worker-0 --zone us-west1-c --destination worker-0.yaml && sed -i -e '1i canIpForward: true' -e '/^canIpForward:/d' worker-0.yaml && gcloud compute instances update-from-file worker-0 --zone us-west1-c --source worker-0.yaml --most-disruptive-allowed-action RESTART",
  ],
  [
    "a pod CIDR inside a subnet",
    {},
    () => api.instance(worker(0, { podCidr: "10.240.0.128/25" })),
    'worker-0 (us-west1-c): pod CIDR "10.240.0.128/25" of worker-0 overlaps the node subnet 10.240.0.0/24',
  ],
  [
    "a pod CIDR inside a secondary range of a subnet",
    {},
    () => api.instance(worker(0, { podCidr: "10.100.7.0/24" })),
    'worker-0 (us-west1-c): pod CIDR "10.100.7.0/24" of worker-0 overlaps the secondary subnet range 10.100.0.0/16',
  ],
  [
    "a foreign route that is the wanted one",
    {},
    () => api.route(guides()),
    `${at}: route guides, which this stack did not make, is the wanted one already; take it over: pulumi config set adoptExisting true; or remove it: ${remove}`,
  ],
  [
    "a foreign route to a pod CIDR that leads elsewhere, even if such routes are taken over",
    { adoptExisting: true },
    () => api.route(guides({ nextHopIp: "10.240.0.77", priority: 900 })),
    `${at}: route guides, which this stack did not make, leads to 10.240.0.77 with priority 900; remove it: ${remove}`,
  ],
  [
    "a name that a route of another network has",
    {},
    () =>
      api.route(
        guides({ name: usual, network: "other", nextHopIp: "10.0.0.20" }),
      ),
    `${at}: the name ${usual} is taken by a route to 10.200.0.0/24 in projects/pod-network-routes/global/networks/other, names of routes are unique in a project; set routeNamePrefix to something else than kubernetes-route`,
  ],
  [
    "more routes than the quota allows",
    { routesPerNetwork: 1 },
    () => {},
    'kubernetes-the-hard-way: has 1 static routes and would get 1 more, 1 are allowed; raise the quota "Static routes per VPC network" (IAM & Admin, Quotas) and then set routesPerNetwork to what it is',
  ],
] as [string, object, () => void, ...string[]][]) {
  test(`${what} is a fault`, async () => {
    await there(worker(0));
    setUp();
    assert.deepEqual((await plan(more)).faults, faults);
  });
}

test("routes of ours count once towards the quota", async () => {
  await there(worker(0));
  api.route(guides({ name: usual }));
  const ours = { "10-200-0-0-24": recordedRoute(usual) };
  assert.deepEqual((await plan({ routesPerNetwork: 2 }, ours)).faults, []);
});

test("the route that a replacement leaves behind is not in the text", async () => {
  await there(worker(0));
  api.route(guides({ name: usual, nextHopIp: "10.240.0.99" }));
  const ours = {
    "10-200-0-0-24": recordedRoute(usual, { nextHopIp: "10.240.0.99" }),
  };
  const { text } = await plan({}, ours);
  assert.equal(text.match(/ 10\.200\.0\.0\/24 /g)?.length, 1);
});

test("faults of everything that was looked up are said at once, and nothing is declared", async (t) => {
  await there(worker(0, { canIpForward: false }), worker(1));
  api.route(guides({ destRange: "10.200.1.0/24" }));
  const registered = await recording();
  const more = { ...args, routesPerNetwork: 1 };
  assert.match(
    await programError(t, () => new GcpPodRoutes("routes", more)),
    /^GCP cannot have these routes: 3 faults; nothing was changed\n/,
  );
  assert.equal(registered.length, 1);
});

for (const [what, setUp, said] of [
  [
    "a token that is refused",
    () => {
      api.tokenIsValid = false;
    },
    /GET projects\/pod-network-routes\/\S+: 401 .*invalid authentication/i,
  ],
  [
    "a missing permission",
    () => api.failNext(403),
    /GET projects\/pod-network-routes\/\S+: 403 /,
  ],
] as [string, () => void, RegExp][]) {
  test(`${what} is passed on as Google says it`, async (t) => {
    await there(worker(0));
    setUp();
    await recording();
    const message = await programError(
      t,
      () => new GcpPodRoutes("routes", args),
    );
    assert.match(message, said);
    assert.doesNotMatch(message, new RegExp(api.token));
  });
}

test("warnings are said", async (t) => {
  await there(worker(0));
  const said = warnings(t);
  await recording({ "10-200-0-0-24": recordedRoute(usual) });
  await value(new GcpPodRoutes("routes", args).routeTable);
  await pulumi.runtime.disconnect();
  assert.equal(said.length, 1);
});

testRefusals(
  "GCP",
  (given) => new GcpPodRoutes("routes", { ...args, ...given } as never),
  [
    ["no network", { network: undefined }, "network: is missing"],
    [
      "a network that is a URL of something else",
      { network: "https://example.com/x" },
      'network: "https://example.com/x" is not allowed: expected the name of a network, or its self link',
    ],
    [
      "a priority out of range",
      { priority: 65536 },
      "priority: 65536 is not allowed: expected 0 to 65535",
    ],
    [
      "a prefix that no name may begin with",
      { routeNamePrefix: "Kube_" },
      'routeNamePrefix: "Kube_" is not allowed: expected lower-case letters, digits and hyphens, a letter first and no hyphen last',
    ],
    [
      "a next hop that is neither",
      { nextHop: "gateway" },
      'nextHop: "gateway" is not allowed, expected "address" or "instance"',
    ],
  ],
);
