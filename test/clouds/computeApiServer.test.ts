// The server that stands in for Google's API, held to the rules that the API documents.
import assert from "node:assert/strict";
import { request } from "node:http";
import { afterEach, beforeEach, describe, test } from "node:test";
import { ComputeApi, type RouteResource } from "./computeApiServer.ts";

const network = "kubernetes-the-hard-way";
const google = "https://www.googleapis.com/compute/v1/";

let api: ComputeApi;

beforeEach(async () => {
  api = await ComputeApi.start();
  api.network(network, {
    subnets: [
      {
        name: "kubernetes",
        region: "us-west1",
        range: "10.240.0.0/24",
        secondary: ["10.32.0.0/24"],
        ipv6: "fd20:240::/64",
      },
      { name: "far", region: "us-east1", range: "10.241.0.0/24" },
    ],
  });
  for (const i of [0, 1]) {
    api.instance({
      name: `worker-${i}`,
      zone: "us-west1-c",
      network,
      ip: `10.240.0.2${i}`,
      podCidr: `10.200.${i}.0/24`,
    });
  }
});

afterEach(async () => {
  await api.stop();
});

describe("who may call", () => {
  test("a call needs a token", async () => {
    const { status, error } = await call("GET", "global/routes", {
      token: undefined,
    });
    assert.equal(status, 401);
    assert.match(error.message, /^Request is missing required authentication/);
    assert.equal(error.errors[0]?.reason, "required");
  });

  test("a call needs the right token, for as long as it is valid", async () => {
    for (const token of ["another", api.token]) {
      api.tokenIsValid = false;
      const { status, error } = await call("GET", "global/routes", { token });
      assert.equal(status, 401);
      assert.match(error.message, /^Request had invalid authentication/);
      assert.equal(error.errors[0]?.reason, "authError");
    }
  });

  test("another project is not found", async () => {
    const { status } = await call("GET", "", { project: "other" });
    assert.equal(status, 404);
    assert.equal((await call("GET", "")).json.name, api.project);
  });

  test("it is no proxy to anywhere else", async () => {
    const { hostname, port } = new URL(api.env.HTTPS_PROXY ?? "");
    const status = await new Promise((resolve, reject) => {
      const path = "compute.googleapis.com:443";
      const connect = request({ hostname, port, method: "CONNECT", path });
      connect.on("connect", ({ statusCode }) => resolve(statusCode));
      connect.on("error", reject);
      connect.end();
    });
    assert.equal(status, 403);
  });
});

describe("a network", () => {
  test("has a route to the internet, and one to each range of each subnet", () => {
    const routes = api.routes(network);
    const found = routes.map(
      ({ destRange, nextHopGateway, nextHopNetwork, priority, routeType }) => [
        destRange,
        (nextHopGateway ?? nextHopNetwork)?.split("/").at(-1),
        priority,
        routeType,
      ],
    );
    assert.deepEqual(found.sort(), [
      ["0.0.0.0/0", "default-internet-gateway", 1000, "STATIC"],
      ["10.240.0.0/24", network, 1000, "SUBNET"],
      ["10.241.0.0/24", network, 1000, "SUBNET"],
      ["10.32.0.0/24", network, 1000, "SUBNET"],
      ["fd20:240::/64", network, 1000, "SUBNET"],
    ]);
    for (const { name } of routes) {
      assert.match(name, /^default-route-[0-9a-f]{16}$/);
    }
  });

  test("keeps its routes to subnets", async () => {
    const subnet = api
      .routes(network)
      .find(({ nextHopNetwork }) => nextHopNetwork);
    const path = `global/routes/${subnet?.name}`;
    assert.equal((await call("DELETE", path)).status, 400);
  });

  test("is found by name, or is not", async () => {
    const { json } = await call("GET", `global/networks/${network}`);
    const { name, kind, selfLink } = json;
    const path = `projects/${api.project}/global/networks/${network}`;
    assert.deepEqual(
      { name, kind, selfLink },
      { name: network, kind: "compute#network", selfLink: google + path },
    );
    const { status, error } = await call("GET", "global/networks/none");
    assert.equal(status, 404);
    assert.equal(
      error.message,
      `The resource 'projects/${api.project}/global/networks/none' was not found`,
    );
  });

  test("is listed, and its subnets are, by region", async () => {
    const { json } = await call("GET", "global/networks");
    assert.deepEqual(names(json.items), [network]);
    const { scopes } = await aggregated("subnetworks");
    const found = Object.entries(scopes).map(([scope, { subnetworks }]) => [
      scope,
      subnetworks?.map((subnet) => [
        subnet.ipCidrRange,
        subnet.secondaryIpRanges?.map((one) => one.ipCidrRange),
        subnet.internalIpv6Prefix,
      ]),
    ]);
    assert.deepEqual(found, [
      ["regions/us-east1", [["10.241.0.0/24", undefined, undefined]]],
      [
        "regions/us-west1",
        [["10.240.0.0/24", ["10.32.0.0/24"], "fd20:240::/64"]],
      ],
    ]);
  });
});

describe("an instance", () => {
  test("shows address, pod CIDR and forwarding where the API has them", async () => {
    const { json } = await call("GET", "zones/us-west1-c/instances/worker-1");
    assert.equal(json.networkInterfaces[0]?.networkIP, "10.240.0.21");
    assert.deepEqual(json.metadata.items[0], {
      key: "pod-cidr",
      value: "10.200.1.0/24",
    });
    assert.equal(json.canIpForward, true);
    assert.equal(json.status, "RUNNING");
  });

  test("is not found in another zone", async () => {
    const { status } = await call("GET", "zones/us-west1-a/instances/worker-1");
    assert.equal(status, 404);
  });

  test("is listed in its zone; zones without one have a warning", async () => {
    const { scopes } = await aggregated("instances");
    assert.deepEqual(Object.keys(scopes), [
      "zones/us-west1-a",
      "zones/us-west1-b",
      "zones/us-west1-c",
    ]);
    const { warning } = scopes["zones/us-west1-a"] ?? {};
    assert.equal(warning?.code, "NO_RESULTS_ON_PAGE");
    const { instances } = scopes["zones/us-west1-c"] ?? {};
    assert.deepEqual(names(instances), ["worker-0", "worker-1"]);
  });

  test("an aggregated list is filtered and turned over page by page", async () => {
    const inZone = ({ scopes }: { scopes: Record<string, Scope> }) =>
      names(scopes["zones/us-west1-c"]?.instances);
    const one = await aggregated("instances?filter=name=worker-1");
    assert.deepEqual(inZone(one), ["worker-1"]);
    const query = "instances?maxResults=1";
    const first = await aggregated(query);
    const second = await aggregated(`${query}&pageToken=${first.next}`);
    assert.deepEqual([first, second].map(inZone), [["worker-0"], ["worker-1"]]);
    assert.equal(second.next, undefined);
  });
});

describe("the life of a route", () => {
  test("it is there when its operation is done, which is when somebody asks", async () => {
    const { status, json: operation } = await insert({});
    assert.equal(status, 200);
    assert.equal(operation.kind, "compute#operation");
    assert.equal(operation.status, "RUNNING");
    assert.equal((await call("GET", "global/routes/pods")).status, 404);
    const path = `global/operations/${operation.name}`;
    assert.equal((await call("GET", path)).json.status, "DONE");
    assert.equal((await call("GET", "global/routes/pods")).status, 200);
  });

  test("the server adds what is its own", async () => {
    await make({});
    const { json } = await call("GET", "global/routes/pods");
    const { id, creationTimestamp, ...route } = json;
    assert.match(id, /^[0-9]+$/);
    assert.match(creationTimestamp, /^\d{4}-\d\d-\d\dT/);
    const project = `${google}projects/${api.project}`;
    assert.deepEqual(route, {
      kind: "compute#route",
      name: "pods",
      network: `${project}/global/networks/${network}`,
      destRange: "10.200.0.0/24",
      priority: 1000,
      nextHopIp: "10.240.0.20",
      routeType: "STATIC",
      routeStatus: "ACTIVE",
      selfLink: `${project}/global/routes/pods`,
    });
  });

  test("a next hop may be an instance or the internet gateway", async () => {
    const url = `projects/${api.project}/zones/us-west1-c/instances/worker-1`;
    await make({ name: "a", ...nextHop({ nextHopInstance: url }) });
    await make({
      name: "b",
      ...nextHop({
        nextHopGateway: "global/gateways/default-internet-gateway",
      }),
    });
    const { json } = await call("GET", "global/routes/a");
    assert.equal(json.nextHopInstance, google + url);
    assert.equal((await call("GET", "global/routes/b")).status, 200);
    assert.deepEqual(api.log, [
      "insert a 10.200.0.0/24 via worker-1",
      "insert b 10.200.0.0/24 via default-internet-gateway",
    ]);
  });

  test("it cannot be changed", async () => {
    await make({});
    for (const method of ["PATCH", "PUT"]) {
      const { status } = await call(method, "global/routes/pods", { body: {} });
      assert.equal(status, 404);
    }
  });

  test("it is gone when the operation that deletes it is done, and stays so", async () => {
    const { json: insertion } = await insert({});
    await call("POST", `global/operations/${insertion.name}/wait`);
    const { json } = await call("DELETE", "global/routes/pods");
    assert.equal((await call("GET", "global/routes/pods")).status, 200);
    assert.equal((await call("DELETE", "global/routes/pods")).status, 400);
    await call("POST", `global/operations/${json.name}/wait`);
    const { status, error } = await call("GET", "global/routes/pods");
    assert.equal(status, 404);
    assert.equal(
      error.message,
      `The resource 'projects/${api.project}/global/routes/pods' was not found`,
    );
    assert.equal(error.errors[0]?.reason, "notFound");
    await call("GET", `global/operations/${insertion.name}`);
    assert.equal((await call("DELETE", "global/routes/pods")).status, 404);
    assert.deepEqual(api.log, [
      "insert pods 10.200.0.0/24 via 10.240.0.20",
      "delete pods",
    ]);
  });

  test("an operation can fail", async () => {
    api.failNextOperation("INTERNAL_ERROR", "Try again");
    const { json } = await insert({});
    const done = await call("GET", `global/operations/${json.name}`);
    assert.deepEqual(done.json.error, {
      errors: [{ code: "INTERNAL_ERROR", message: "Try again" }],
    });
    assert.equal((await call("GET", "global/routes/pods")).status, 404);
    await make({});
  });
});

describe("what routes.insert refuses", () => {
  const instance = (name: string) =>
    `projects/pod-network-routes/zones/us-west1-c/instances/${name}`;
  const cases: [string, object, RegExp][] = [
    [
      "a name with a capital letter",
      { name: "Pods" },
      /^Invalid value for field 'resource\.name': 'Pods'\. Must be a match of regex '\(\?:\[a-z\]\(\?:\[-a-z0-9\]\{0,61\}\[a-z0-9\]\)\?\)'$/,
    ],
    ["a name that ends in a dash", { name: "pods-" }, /'resource\.name'/],
    ["a name of 64 characters", { name: "p".repeat(64) }, /'resource\.name'/],
    ["no name", { name: undefined }, /'resource\.name'/],
    [
      "a network that is not there",
      { network: "global/networks/none" },
      /^Invalid value for field 'resource\.network': 'global\/networks\/none'\. The referenced network resource cannot be found\.$/,
    ],
    [
      "the name of a network instead of its URL",
      { network },
      /The URL is malformed\.$/,
    ],
    ["a range with host bits", { destRange: "10.200.0.1/24" }, /destRange/],
    ["an address for a range", { destRange: "10.200.0.1" }, /destRange/],
    [
      "a range inside a subnet",
      { destRange: "10.240.0.0/28" },
      /^Invalid value for field 'resource\.destRange': '10\.240\.0\.0\/28'\. 10\.240\.0\.0\/28 hides the address space of the network \(10\.240\.0\.0\/24\)\. Cannot change the routing of packets destined for the network\.$/,
    ],
    ["a subnet's range", { destRange: "10.240.0.0/24" }, /hides the address/],
    [
      "a subnet's secondary range",
      { destRange: "10.32.0.0/24" },
      /hides the address space of the network \(10\.32\.0\.0\/24\)/,
    ],
    [
      "a range inside another region's subnet",
      { destRange: "10.241.0.128/25" },
      /hides the address space of the network \(10\.241\.0\.0\/24\)/,
    ],
    [
      "a range inside a subnet's IPv6 range",
      {
        destRange: "fd20:240::8000:0:0:0/65",
        nextHopIp: "fd20:240::20",
      },
      /destRange/,
    ],
    [
      "no next hop",
      nextHop({}),
      /^Invalid resource usage: 'A Route must specify at least one type of next hop\.'\.$/,
    ],
    [
      "two next hops",
      { nextHopInstance: instance("worker-0") },
      /only one type of next hop/,
    ],
    ["no address", { nextHopIp: "10.240.0" }, /nextHopIp/],
    [
      "a next hop outside the network",
      { nextHopIp: "10.250.0.20" },
      /^Invalid value for field 'resource\.nextHopIp': '10\.250\.0\.20'/,
    ],
    [
      "a next hop of the other family",
      { nextHopIp: "fd20:240::20" },
      /nextHopIp/,
    ],
    [
      "an instance that is not there",
      nextHop({ nextHopInstance: instance("none") }),
      /The referenced instance resource cannot be found\.$/,
    ],
    [
      "an instance of another network",
      nextHop({ nextHopInstance: instance("stranger") }),
      /no interface in the route's network/,
    ],
    [
      "another gateway",
      nextHop({ nextHopGateway: "global/gateways/other" }),
      /nextHopGateway/,
    ],
    ["a negative priority", { priority: -1 }, /'resource\.priority': '-1'/],
    ["a priority above 65535", { priority: 65536 }, /'resource\.priority'/],
    ["half a priority", { priority: 1.5 }, /'resource\.priority'/],
  ];
  for (const [what, changes, message] of cases) {
    test(what, async () => {
      api.network("other", {
        subnets: [{ name: "o", region: "us-west1", range: "10.99.0.0/24" }],
      });
      const zone = "us-west1-c";
      const ip = "10.99.0.2";
      api.instance({ name: "stranger", zone, network: "other", ip });
      const { status, error } = await insert(changes);
      assert.match(error.message, message);
      assert.equal(status, 400);
      assert.equal(error.errors[0]?.message, error.message);
      assert.deepEqual(api.log, []);
    });
  }

  test("a name that is taken, be it in another network or still in the making", async () => {
    await insert({});
    api.network("other", { subnets: [] });
    api.route({
      name: "elsewhere",
      network: "other",
      destRange: "0.0.0.0/1",
      nextHopGateway: "global/gateways/default-internet-gateway",
    });
    for (const name of ["pods", "elsewhere"]) {
      const { status, error } = await insert({ name });
      assert.equal(status, 409);
      assert.equal(
        error.message,
        `The resource 'projects/${api.project}/global/routes/${name}' already exists`,
      );
      assert.equal(error.errors[0]?.reason, "alreadyExists");
    }
  });

  test("one more than the quota allows", async () => {
    api.routeQuota = 2; // the one to the internet counts
    const { json } = await call("GET", "");
    assert.deepEqual(json.quotas, [{ metric: "ROUTES", limit: 2, usage: 1 }]);
    await make({});
    const { status, error } = await insert({ name: "more" });
    assert.equal(status, 403);
    assert.equal(error.errors[0]?.reason, "quotaExceeded");
  });
});

describe("what routes.insert accepts", () => {
  const cases: [string, object][] = [
    ["a range that contains a subnet", { destRange: "10.240.0.0/23" }],
    ["the same destination and priority again", { destRange: "10.200.1.0/24" }],
    ["the lowest priority", { priority: 65535 }],
    ["the highest priority", { priority: 0 }],
    ["a name of one letter", { name: "p" }],
    ["a name of 63 characters", { name: "p".repeat(63) }],
    ["an address that no instance has", { nextHopIp: "10.240.0.99" }],
    ["IPv6", { destRange: "fd00:200::/64", nextHopIp: "fd20:240::20" }],
    [
      "the full URL of the network",
      {
        network: `${google}projects/pod-network-routes/global/networks/${network}`,
      },
    ],
  ];
  for (const [what, changes] of cases) {
    test(what, async () => {
      const nextHopIp = "10.240.0.21";
      const destRange = "10.200.1.0/24";
      api.route({ name: "there", network, destRange, nextHopIp });
      await make(changes);
      assert.equal(api.log.length, 1);
    });
  }
});

test("a route warns of a next hop that does not work", async () => {
  const zone = "us-west1-c";
  const worker = { name: "worker-0", zone, network, ip: "10.240.0.20" };
  const warnings = async (name: string) =>
    (await call("GET", `global/routes/${name}`)).json.warnings?.map(
      ({ code }) => code,
    );
  await make({ name: "address" });
  const url = `projects/${api.project}/zones/${zone}/instances/worker-0`;
  await make({ name: "instance", ...nextHop({ nextHopInstance: url }) });
  assert.deepEqual(await warnings("address"), undefined);
  api.instance({ ...worker, canIpForward: false, status: "TERMINATED" });
  for (const name of ["address", "instance"]) {
    assert.deepEqual(await warnings(name), [
      "NEXT_HOP_CANNOT_IP_FORWARD",
      "NEXT_HOP_NOT_RUNNING",
    ]);
  }
  api.deleteInstance("worker-0", zone);
  assert.deepEqual(await warnings("address"), [
    "NEXT_HOP_ADDRESS_NOT_ASSIGNED",
  ]);
  assert.deepEqual(await warnings("instance"), ["NEXT_HOP_INSTANCE_NOT_FOUND"]);
});

describe("the list of routes", () => {
  beforeEach(() => {
    api.network("other", { subnets: [] });
    for (const i of [2, 0, 1]) {
      api.route({
        name: `pods-${i}`,
        network,
        destRange: `10.200.${i}.0/24`,
        nextHopIp: "10.240.0.20",
      });
    }
  });

  const list = async (query: Record<string, string>) => {
    const { json, error } = await call(
      "GET",
      `global/routes?${new URLSearchParams(query)}`,
    );
    return { items: names(json.items), next: json.nextPageToken, error };
  };

  test("is sorted by name, page by page", async () => {
    const all = await list({});
    assert.deepEqual(all.items, [...all.items].sort());
    const pages: string[] = [];
    for (let pageToken = ""; ; ) {
      const query = { maxResults: "2", ...(pageToken && { pageToken }) };
      const { items, next } = await list(query);
      pages.push(...items);
      if (next === undefined) {
        break;
      }
      assert.equal(items.length, 2);
      pageToken = next;
    }
    assert.deepEqual(pages, all.items);
  });

  test("has pages too if the client does not ask for them", async () => {
    api.pageSize = 1;
    const { items, next } = await list({});
    assert.equal(items.length, 1);
    assert.notEqual(next, undefined);
  });

  test("refuses a page that it has not given", async () => {
    assert.equal((await list({ pageToken: "page" })).error.code, 400);
    assert.equal((await list({ maxResults: "501" })).error.code, 400);
  });

  test("is filtered by network or name", async () => {
    const url = `${google}projects/${api.project}/global/networks/${network}`;
    const pods = ["pods-0", "pods-1", "pods-2"];
    const filters: [string, string[]][] = [
      ["name=pods-1", ["pods-1"]],
      ['name = "pods-1"', ["pods-1"]],
      ["name eq pods-.*", pods],
      ["name eq pods", []],
      ["name=pods-.*", []],
      ["destRange=10.200.2.0/24", ["pods-2"]],
    ];
    for (const [filter, expected] of filters) {
      assert.deepEqual((await list({ filter })).items, expected, filter);
    }
    const mine = api.routes(network).map(({ name }) => name);
    for (const filter of [`network="${url}"`, `network eq ${url}`]) {
      assert.deepEqual((await list({ filter })).items, mine, filter);
    }
    const others = api.routes("other").map(({ name }) => name);
    for (const filter of [`network!="${url}"`, `network ne ${url}`]) {
      assert.deepEqual((await list({ filter })).items, others, filter);
    }
  });

  test("says so if it does not understand a filter", async () => {
    for (const filter of ["name", "tags=a", "name=a AND name=b", "name:a*"]) {
      const { error } = await list({ filter });
      assert.equal(error.code, 400);
      assert.equal(
        error.message,
        `Invalid value for field 'filter': '${filter}'. Invalid list filter expression.`,
      );
    }
  });

  test("an empty list has no items", async () => {
    const { json } = await call("GET", "global/routes?filter=name=none");
    assert.ok(!("items" in json));
  });
});

describe("faults to order", () => {
  test("the next call fails, then all is well", async () => {
    for (const code of [403, 429, 503] as const) {
      api.failNext(code);
      const { status, error } = await call("GET", "global/routes");
      assert.equal(status, code);
      assert.equal(error.code, code);
      assert.equal((await call("GET", "global/routes")).status, 200);
    }
  });

  test("the next call of one method fails", async () => {
    api.failNext(503, "POST");
    assert.equal((await call("GET", "global/routes")).status, 200);
    assert.equal((await insert({})).status, 503);
    assert.deepEqual(api.log, []);
    await make({});
  });
});

test("what others do to the routes is not in the log", () => {
  const destRange = "10.200.0.0/24";
  api.route({ name: "theirs", network, destRange, nextHopIp: "10.240.0.20" });
  const last = (): RouteResource | undefined => api.routes(network).at(-1);
  assert.equal(last()?.name, "theirs");
  api.deleteRoute("theirs");
  assert.notEqual(last()?.name, "theirs");
  assert.deepEqual(api.log, []);
});

/** What the tests look at in an answer, whichever it is. */
interface Body {
  readonly name: string;
  readonly kind: string;
  readonly selfLink: string;
  readonly id: string;
  readonly creationTimestamp: string;
  readonly status: string;
  readonly canIpForward: boolean;
  readonly metadata: { readonly items: readonly object[] };
  readonly networkInterfaces: readonly { readonly networkIP: string }[];
  readonly nextHopInstance: string;
  readonly warnings?: readonly { readonly code: string }[];
  readonly quotas: readonly object[];
  readonly error: Answer["error"];
  readonly items?: Named[];
  readonly nextPageToken?: string;
}

interface Named {
  readonly name: string;
}

/** The part of an aggregated list that belongs to a zone or region. */
interface Scope {
  readonly warning?: { readonly code: string };
  readonly instances?: Named[];
  readonly subnetworks?: readonly {
    readonly ipCidrRange: string;
    readonly secondaryIpRanges?: readonly { readonly ipCidrRange: string }[];
    readonly internalIpv6Prefix?: string;
  }[];
}

interface Answer {
  readonly status: number;
  readonly json: Body;
  readonly error: {
    readonly code: number;
    readonly message: string;
    readonly errors: readonly { message: string; reason: string }[];
  };
}

async function call(
  method: string,
  path: string,
  options: { body?: object; token?: string | undefined; project?: string } = {},
): Promise<Answer> {
  const { body, token, project } = {
    token: api.token,
    project: api.project,
    ...options,
  };
  const slash = path === "" ? "" : "/";
  const response = await fetch(
    `${api.endpoint}projects/${project}${slash}${path}`,
    {
      method,
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      ...(body && { body: JSON.stringify(body) }),
    },
  );
  const json = (await response.json()) as Body;
  return { status: response.status, json, error: json.error };
}

/** An aggregated list, by zone or region. */
async function aggregated(
  path: string,
): Promise<{ scopes: Record<string, Scope>; next: string | undefined }> {
  const { json } = await call("GET", `aggregated/${path}`);
  const scopes = json.items as unknown as Record<string, Scope>;
  return { scopes, next: json.nextPageToken };
}

/** Asks for a route that is right, with these changes. */
function insert(changes: object): Promise<Answer> {
  const body = {
    name: "pods",
    network: `projects/${api.project}/global/networks/${network}`,
    destRange: "10.200.0.0/24",
    nextHopIp: "10.240.0.20",
    ...changes,
  };
  return call("POST", "global/routes", { body });
}

/** Makes a route, and waits until it is there. */
async function make(changes: object): Promise<void> {
  const { status, json } = await insert(changes);
  assert.equal(status, 200, JSON.stringify(json));
  const path = `global/operations/${json.name}/wait`;
  assert.equal((await call("POST", path)).json.status, "DONE");
}

/** Changes the next hop to this one. */
function nextHop(hop: object): object {
  return { nextHopIp: undefined, ...hop };
}

function names(items: readonly Named[] = []): string[] {
  return items.map(({ name }) => name);
}
