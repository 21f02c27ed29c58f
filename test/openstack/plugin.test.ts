// What this project relies on in the openstack plugin, and what it has to guard against, on the real
// engine and a real Neutron. Where the official plugin cannot be had, the plugin is the one that is
// built from the same provider code (lab/engine/openstack): both have to pass.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Engine, getEngine } from "../../lab/engine.ts";
import { until } from "../../lab/exec.ts";
import { Neutron, type NeutronRoute } from "./neutron.ts";
import { type Declared, OpenStackStack, type Program } from "./pluginStack.ts";

/** What routes are kept in: a subnet, or a router with an interface in it. */
interface Place {
  readonly id: string;
  declare(
    destinationCidr: string,
    nextHop: string,
    opts?: Declared[2],
  ): Declared;
  routes(): Promise<NeutronRoute[]>;
  /** Puts other routes in place of all. */
  set(...routes: NeutronRoute[]): Promise<void>;
}

let neutron: Neutron;
let engine: Engine;
let directory: string;

const [one, two] = ["10.240.0.20", "10.240.0.21"];
const foreign = { destination: "10.9.0.0/24", nexthop: "10.240.0.9" };

before(async () => {
  directory = mkdtempSync(join(tmpdir(), "pod-network-routes-openstack-"));
  engine = await getEngine("openstack");
  const built = engine.standIns.includes("openstack");
  console.log(
    `openstack plugin under test: the ${built ? "one built from Go modules" : "official one"}`,
  );
  neutron = await Neutron.start();
});

after(async () => {
  await neutron?.stop();
  rmSync(directory, { recursive: true, force: true });
});

for (const kind of ["SubnetRoute", "RouterRoute"] as const) {
  /** What each of the two says: they are not alike. */
  const says = <T>(subnet: T, router: T): T =>
    kind === "SubnetRoute" ? subnet : router;
  const newPlace = says(newSubnet, newRouter);

  describe(`the life of a ${kind}`, () => {
    const [first, second] = ["10.200.0.0/24", "10.200.1.0/24"];
    let place: Place;
    let stack: OpenStackStack;
    const via = (nextHop: string): Program => ({
      routes: {
        a: place.declare(first, nextHop),
        b: place.declare(second, one),
      },
    });

    before(async () => {
      place = await newPlace(says("kubernetes", "router"));
      await place.set(foreign);
      stack = await newStack(`life-${kind}`);
      await stack.must(via(one), "up");
    });

    test("it is made beside the routes of others", async () => {
      assert.deepEqual(await place.routes(), [
        foreign,
        { destination: first, nexthop: one },
        { destination: second, nexthop: one },
      ]);
    });

    test("its id tells what it is", () => {
      const { id, outputs } = stack.routes.a ?? {};
      assert.equal(id, `${place.id}-route-${first}-${one}`);
      assert.deepEqual(outputs, {
        id,
        [says("subnetId", "routerId")]: place.id,
        destinationCidr: first,
        nextHop: one,
        region: "RegionOne",
      });
    });

    if (kind === "SubnetRoute") {
      test("the guide's `openstack subnet show kubernetes` shows it", async () => {
        const said = await neutron.cli("subnet", "show", "kubernetes");
        assert.match(
          said,
          /\| destination='10.200.0.0\/24', gateway='10.240.0.20' /,
        );
      });
    }

    test("a route that did not change is not touched", async () => {
      await stack.must(via(one), "up", "--refresh", "--expect-no-changes");
    });

    test("another next hop is a new route, made before the old one goes", async () => {
      const said = await stack.must(via(two), "up");
      assert.match(said, /created replacement.*deleting original/s);
      assert.deepEqual(await place.routes(), [
        foreign,
        { destination: first, nexthop: two },
        { destination: second, nexthop: one },
      ]);
    });

    test("destroyed, it leaves the routes of others", async () => {
      await stack.must({}, "destroy");
      assert.deepEqual(await place.routes(), [foreign]);
    });
  });

  describe(`a ${kind} that is there already`, () => {
    const { destination, nexthop } = foreign;
    let place: Place;

    before(async () => {
      place = await newPlace("existing");
      await place.set(foreign);
    });

    test("cannot be declared anew", async () => {
      const stack = await newStack(`twice-${kind}`);
      const routes = { a: place.declare(destination, nexthop) };
      assertSays(
        await stack.fails({ routes }, "up"),
        says(
          `openstack_networking_subnet_v2 ${place.id} already has a route to ${destination} via ${nexthop}`,
          // it finds the route and then forgets to say so
          "Error reading openstack_networking_router_route_v2 ID : invalid ID format:",
        ),
      );
    });

    test("can stand beside one to the same destination by another next hop", async () => {
      const stack = await newStack(`rival-${kind}`);
      await stack.must(
        { routes: { a: place.declare(destination, one) } },
        "up",
      );
      const both = await place.routes();
      await stack.must({}, "destroy");
      assert.deepEqual(both, [foreign, { destination, nexthop: one }]);
      assert.deepEqual(await place.routes(), [foreign]);
    });

    test("is imported by its id", async () => {
      const stack = await newStack(`import-${kind}`);
      const id = `${place.id}-route-${destination}-${nexthop}`;
      const a = place.declare(destination, nexthop, { import: id });
      await stack.must({ routes: { a } }, "up");
      assert.equal(stack.routes.a?.id, id);
      const routes = { a: place.declare(destination, nexthop) };
      await stack.must({ routes }, "up", "--refresh", "--expect-no-changes");
      assert.deepEqual(await place.routes(), [foreign]);
    });

    test("is not imported if it is not there", async () => {
      const stack = await newStack(`no-import-${kind}`);
      const id = `${place.id}-route-${destination}-${one}`;
      const routes = { a: place.declare(destination, one, { import: id }) };
      assertSays(
        await stack.fails({ routes }, "up"),
        says(
          `openstack_networking_subnet_v2 ${place.id} doesn't have a route to ${destination} via ${one}`,
          // it is taken for a route to nowhere, and what is imported may not be replaced at once
          "previously-imported resources that still specify an ID may not be replaced",
        ),
      );
    });
  });

  describe(`a ${kind} that somebody else has deleted`, () => {
    const destination = "10.200.0.0/24";
    let place: Place;
    let stack: OpenStackStack;
    const declared = (): Program => ({
      routes: { a: place.declare(destination, one) },
    });

    before(async () => {
      place = await newPlace("deleted");
      stack = await newStack(`deleted-${kind}`);
      await stack.must(declared(), "up");
      await place.set();
    });

    test(says("fails a refresh", "is not missed by a refresh"), async () => {
      if (kind === "SubnetRoute") {
        assertSays(
          await stack.fails(declared(), "refresh"),
          `openstack_networking_subnet_v2 ${place.id} doesn't have a route to ${destination} via ${one}`,
        );
      } else {
        await stack.must(declared(), "refresh", "--expect-no-changes");
      }
      assert.deepEqual(Object.keys(stack.routes), ["a"]);
    });

    test("is not made again", async () => {
      await stack.must(declared(), "up", "--expect-no-changes");
      assert.deepEqual(await place.routes(), []);
    });

    test("cannot be deleted", async () => {
      assertSays(
        await stack.fails({}, "up"),
        says(
          `openstack_networking_subnet_v2 ${place.id} already doesn't have a route to ${destination} via ${one}`,
          `Can't find route to ${destination} via ${one} on openstack_networking_router_v2 ${place.id}`,
        ),
      );
      assert.deepEqual(Object.keys(stack.routes), ["a"]);
    });

    test("can be put back with the help of the one who declared it", async () => {
      await place.set({ destination, nexthop: one });
      await stack.must(declared(), "up", "--refresh", "--expect-no-changes");
      await stack.must({}, "destroy");
      assert.deepEqual(await place.routes(), []);
    });
  });

  describe(`as many a ${kind} as Neutron allows`, () => {
    const most = says(20, 30);
    const own = says(20, 10); // a router takes a third of a second for each
    const exhausted = says(
      /"HostRoutesExhausted", "message": "Unable to complete operation for \S+ The number of host routes exceeds the limit 20\."/,
      /"RoutesExhausted", "message": "Unable to complete operation for \S+ The number of routes exceeds the maximum 30\."/,
    );
    const others = routesTo("10.9", most - own);
    const wanted = routesTo("10.200", own);
    let place: Place;
    let stack: OpenStackStack;
    const program = (routes: NeutronRoute[], opts?: Declared[2]): Program => ({
      routes: Object.fromEntries(
        routes.map(({ destination, nexthop }) => [
          `to ${destination}`,
          place.declare(destination, nexthop, opts),
        ]),
      ),
    });
    const changed = wanted.map((route, i) =>
      i === 0 ? { ...route, nexthop: two } : route,
    );

    before(async () => {
      place = await newPlace("full");
      await place.set(...others);
      stack = await newStack(`full-${kind}`);
    });

    test(`${own} are made at once and none is lost`, async () => {
      await stack.must(program(wanted), "up", "--parallel", `${own}`);
      assert.deepEqual(await place.routes(), [...others, ...wanted]);
    });

    test("one more is refused by Neutron", async () => {
      const more = routesTo("10.200", own + 1);
      assert.match(await stack.fails(program(more), "up"), exhausted);
    });

    test("so is another next hop for one of them, because the new route is made first", async () => {
      assert.match(await stack.fails(program(changed), "up"), exhausted);
    });

    test("unless the old one is deleted first", async () => {
      const first = { deleteBeforeReplace: true };
      const said = await stack.must(program(changed, first), "up");
      assert.match(said, /deleted original.*creating replacement/s);
      assert.deepEqual(await place.routes(), [...others, ...changed]);
    });

    test("all are deleted at once, and no other", async () => {
      await stack.must({}, "destroy", "--parallel", `${own}`);
      assert.deepEqual(await place.routes(), others);
    });
  });

  test(`a ${kind} by a next hop outside of the subnet is ${says("made, though no host can use it", "refused by Neutron")}`, async () => {
    const place = await newPlace("outside");
    const stack = await newStack(`outside-${kind}`);
    const routes = { a: place.declare("10.200.0.0/24", "192.168.3.3") };
    if (kind === "SubnetRoute") {
      await stack.must({ routes }, "up");
    } else {
      assertSays(
        await stack.fails({ routes }, "up"),
        "the nexthop is not connected with router",
      );
    }
  });

  test(`two engines that write at once: a ${kind} is lost, and neither engine knows`, async () => {
    const place = await newPlace("race");
    const turnstile = await Turnstile.before(neutron.endpoint);
    try {
      const [first, second] = ["10.200.0.0/24", "10.200.1.0/24"];
      const up = async (name: string, destination: string) =>
        (await newStack(`${name}-${kind}`)).must(
          { routes: { a: place.declare(destination, one) } },
          "up",
          "--config",
          `openstack:endpointOverrides=${turnstile.overrides}`,
        );
      const ups = [up("first", first), up("second", second)];
      const both = Promise.all(ups);
      // by then both have read that there are no routes
      const waiting = until("both want to write", async () =>
        turnstile.waiting === 2 ? true : undefined,
      );
      await Promise.race([waiting, both]);
      turnstile.pass(first);
      await ups[0];
      turnstile.pass(second);
      await both;
      assert.deepEqual(await place.routes(), [
        { destination: second, nexthop: one },
      ]);
    } finally {
      await turnstile.close();
    }
  });

  test(`Neutron would refuse such a write of ${says("a subnet", "a router")}, had it been told what was read`, async () => {
    const place = await newPlace("revision");
    const [collection, member, list] = says(
      ["subnets", "subnet", "host_routes"],
      ["routers", "router", "routes"],
    );
    const path = `${collection}/${place.id}`;
    const read = await (await neutron.send("GET", path)).json();
    const { revision_number } = (read as Record<string, Revised>)[member] ?? {};
    const write = (route: NeutronRoute) =>
      neutron.send(
        "PUT",
        path,
        { [member]: { [list]: [route] } },
        { "If-Match": `revision_number=${revision_number}` },
      );
    assert.equal((await write(foreign)).status, 200);
    const late = await write({ ...foreign, nexthop: one });
    assert.equal(late.status, 412);
    assert.match(await late.text(), /"RevisionNumberConstraintFailed"/);
    assert.deepEqual(await place.routes(), [foreign]);
  });
}

test("a SubnetRoute in a subnet that is not there fails with an error of the bridge", async () => {
  const subnetId = "11111111-1111-1111-1111-111111111111";
  const args = { subnetId, destinationCidr: "10.200.0.0/24", nextHop: one };
  assertSays(
    await (await newStack("no-subnet")).fails(
      { routes: { a: ["SubnetRoute", args] } },
      "up",
    ),
    "expected non-nil error with nil state during Create",
  );
});

describe("what getAuthScope tells", () => {
  let stack: OpenStackStack;

  before(async () => {
    stack = await newStack("scope");
  });

  test("a token, where it is asked for, and where Neutron answers", async () => {
    await stack.must({ authScope: { name: "s", setTokenId: true } }, "up");
    const { tokenId, projectName, serviceCatalogs } = stack.scope;
    assert.equal(projectName, neutron.env.OS_PROJECT_NAME);
    const network = serviceCatalogs?.find(({ type }) => type === "network");
    const [endpoint] =
      network?.endpoints.filter((one) => one.interface === "public") ?? [];
    assert.equal(endpoint?.url, neutron.endpoint);
    assert.equal(endpoint?.region, "RegionOne");
    const { status } = await fetch(`${endpoint?.url}/v2.0/subnets`, {
      headers: { "X-Auth-Token": `${tokenId}` },
    });
    assert.equal(status, 200);
  });

  test("no token, where it is not asked for", async () => {
    await stack.must({ authScope: { name: "s" } }, "up");
    assert.equal(stack.scope.tokenId, undefined);
    assert.equal(stack.scope.userName, neutron.env.OS_USERNAME);
  });
});

describe("who asks, and whom", () => {
  /** The same as the variables, in the names of the plugin's configuration. */
  const configured = () => ({
    authUrl: neutron.env.OS_AUTH_URL,
    userName: neutron.env.OS_USERNAME,
    password: neutron.env.OS_PASSWORD,
    tenantName: neutron.env.OS_PROJECT_NAME,
    userDomainName: neutron.env.OS_USER_DOMAIN_NAME,
    projectDomainName: neutron.env.OS_PROJECT_DOMAIN_NAME,
    region: neutron.env.OS_REGION_NAME,
  });
  const withoutVariables = () =>
    Object.fromEntries(Object.keys(neutron.env).map((name) => [name, ""]));
  const lookUp: Program = { authScope: { name: "s" } };

  test("can be told by the stack's configuration", async () => {
    const stack = await newStack("configured", withoutVariables());
    const config = Object.entries(configured()).flatMap(([key, value]) => [
      "--config",
      `openstack:${key}=${value}`,
    ]);
    await stack.must(lookUp, "up", ...config);
    assert.equal(stack.scope.userName, neutron.env.OS_USERNAME);
  });

  test("can be told by the name of a cloud in clouds.yaml", async () => {
    const file = join(directory, "clouds.yaml");
    const { authUrl, userName, password, region } = configured();
    const { tenantName, userDomainName, projectDomainName } = configured();
    const clouds = {
      tests: {
        region_name: region,
        auth: {
          auth_url: authUrl,
          username: userName,
          password,
          project_name: tenantName,
          user_domain_name: userDomainName,
          project_domain_name: projectDomainName,
        },
      },
    };
    writeFileSync(file, JSON.stringify({ clouds }));
    const env = { ...withoutVariables(), OS_CLIENT_CONFIG_FILE: file };
    const stack = await newStack("cloud", env);
    await stack.must(lookUp, "up", "--config", "openstack:cloud=tests");
    assert.equal(stack.scope.userName, neutron.env.OS_USERNAME);
  });
});

interface Revised {
  readonly revision_number: number;
}

function newStack(
  name: string,
  env: Record<string, string> = neutron.env,
): Promise<OpenStackStack> {
  return new OpenStackStack(name, engine, env, directory).init();
}

async function newSubnet(name: string): Promise<Place> {
  const network = await neutron.network(name);
  const id = await neutron.subnet(network, name, "10.240.0.0/24");
  return {
    id,
    declare: (destinationCidr, nextHop, opts) => [
      "SubnetRoute",
      { subnetId: id, destinationCidr, nextHop },
      opts,
    ],
    routes: () => neutron.hostRoutes(id),
    set: (...routes) => neutron.setHostRoutes(id, routes),
  };
}

async function newRouter(name: string): Promise<Place> {
  const id = await neutron.router(name);
  await neutron.attach(id, (await newSubnet(name)).id);
  return {
    id,
    declare: (destinationCidr, nextHop, opts) => [
      "RouterRoute",
      { routerId: id, destinationCidr, nextHop },
      opts,
    ],
    routes: () => neutron.routerRoutes(id),
    set: (...routes) => neutron.setRouterRoutes(id, routes),
  };
}

/** That many routes, to the first subnets of a network such as `10.9`. */
function routesTo(network: string, count: number): NeutronRoute[] {
  return Array.from({ length: count }, (_, i) => ({
    destination: `${network}.${i}.0/24`,
    nexthop: one,
  }));
}

function assertSays(said: string, expected: string): void {
  assert.ok(said.includes(expected), said);
}

/** Stands before Neutron and lets a write pass only when it is told to. */
class Turnstile {
  private readonly held: { body: string; pass: () => void }[] = [];

  private readonly endpoint: string;
  private readonly server: Server;

  private constructor(endpoint: string, server = createServer()) {
    this.endpoint = endpoint;
    this.server = server;
  }

  static async before(endpoint: string): Promise<Turnstile> {
    const turnstile = new Turnstile(endpoint);
    const { server } = turnstile;
    server.on("request", async (request, response) => {
      const body = Buffer.concat(await request.toArray()).toString();
      const { method = "", url = "" } = request;
      if (method === "PUT") {
        await new Promise<void>((pass) => turnstile.held.push({ body, pass }));
      }
      const token = `${request.headers["x-auth-token"]}`;
      await turnstile.forward(method, url, token, body, response);
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    return turnstile;
  }

  /** How many writes wait. */
  get waiting(): number {
    return this.held.length;
  }

  /** The plugin's setting `endpointOverrides` that leads here. */
  get overrides(): string {
    const { port } = this.server.address() as AddressInfo;
    return JSON.stringify({ network: `http://127.0.0.1:${port}/v2.0/` });
  }

  /** Lets the write with this text in it pass. */
  pass(text: string): void {
    this.held.find(({ body }) => body.includes(text))?.pass();
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  private async forward(
    method: string,
    url: string,
    token: string,
    body: string,
    response: ServerResponse,
  ): Promise<void> {
    const answer = await fetch(`${this.endpoint}${url}`, {
      method,
      headers: { "X-Auth-Token": token, "Content-Type": "application/json" },
      ...(body !== "" && { body }),
    });
    response.writeHead(answer.status, { "Content-Type": "application/json" });
    response.end(await answer.text());
  }
}
