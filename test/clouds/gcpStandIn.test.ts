// What this project relies on in the gcp plugin, checked with the real engine and a server that follows
// the rules of Google's API. It runs with the plugin that the project uses on this machine, the stand-in
// or the official one, and asks for nothing but what the official one is documented to do.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { compute } from "@pulumi/gcp";
import type { CustomResourceOptions } from "@pulumi/pulumi";
import { type Engine, getEngine } from "../../lab/engine.ts";
import type { Result } from "../../lab/exec.ts";
import {
  failed,
  ProgramStack,
  type ResourceState,
  succeeded,
} from "../programStack.ts";
import { ComputeApi } from "./computeApiServer.ts";

/** An argument as the program in gcp/ takes it. */
type Argument<T> = T | { secret: T } | { selfLinkOf: string };

type RouteArgs = {
  [Key in keyof compute.RouteArgs]: Argument<compute.RouteArgs[Key]>;
} & { opts?: CustomResourceOptions };

type Routes = Readonly<Record<string, RouteArgs>>;

const network = "kubernetes-the-hard-way";
const zone = "us-west1-c";

let engine: Engine;
let directory: string;

before(async () => {
  engine = await getEngine("gcp");
  const isOurs = engine.standIns.includes("gcp");
  console.log(
    `gcp plugin under test: ${isOurs ? "the stand-in, lab/standin" : "the official one"}`,
  );
  directory = mkdtempSync(join(tmpdir(), "pod-network-routes-gcp-"));
});

after(() => {
  rmSync(directory, { recursive: true, force: true });
});

describe("the life of a route", () => {
  const { api, stack } = fixture("life");
  const routes = (worker: number): Routes => ({
    named: pods(0, { name: "pods-0", nextHopIp: `10.240.0.2${worker}` }),
    auto: {
      network,
      destRange: "10.200.1.0/24",
      nextHopInstance: `worker-${worker}`,
      nextHopInstanceZone: zone,
      description: { secret: "for nobody to read" },
    },
  });
  const made = () =>
    api()
      .routes(network)
      .filter(({ name }) => !name.startsWith("default-route-"));
  /** The name of the route that has none of its own. */
  const auto = () => String(stack().routes.auto?.outputs.name);

  before(() => stack().up(routes(0)));

  test("create makes what was asked for", () => {
    const found = made().map(
      ({ name, destRange, nextHopIp, nextHopInstance, ...route }) => [
        name,
        destRange,
        nextHopIp ?? nextHopInstance,
        route.priority,
        route.description,
      ],
    );
    const instance = `https://www.googleapis.com/compute/v1/projects/${api().project}/zones/${zone}/instances/worker-0`;
    assert.deepEqual(found, [
      [auto(), "10.200.1.0/24", instance, 1000, "for nobody to read"],
      ["pods-0", "10.200.0.0/24", "10.240.0.20", 1000, undefined],
    ]);
  });

  test("a route without a name has that of its resource and seven digits", () => {
    assert.match(auto(), /^auto-[0-9a-f]{7}$/);
  });

  test("the outputs are what the API says", () => {
    const { id, outputs } = stack().routes.named ?? {};
    const project = `projects/${api().project}`;
    const google = `https://www.googleapis.com/compute/v1/${project}`;
    assert.equal(id, `${project}/global/routes/pods-0`);
    const expected = {
      name: "pods-0",
      project: api().project,
      network: `${google}/global/networks/${network}`,
      destRange: "10.200.0.0/24",
      nextHopIp: "10.240.0.20",
      priority: 1000,
      selfLink: `${google}/global/routes/pods-0`,
    };
    for (const [key, value] of Object.entries(expected)) {
      assert.equal(outputs?.[key], value, key);
    }
    assert.equal(stack().routes.auto?.outputs.nextHopInstanceZone, zone);
  });

  test("nothing to do if nothing has changed, also after a refresh", async () => {
    const calls = api().log.length;
    await stack().up(routes(0), "--expect-no-changes");
    await stack().refresh("--expect-no-changes");
    await stack().up(routes(0), "--expect-no-changes");
    assert.equal(api().log.length, calls);
  });

  test("a secret is encrypted in the state, also after a refresh", () => {
    assert.ok(!stack().stateText.includes("for nobody to read"));
  });

  test("another spelling of the network or the instance is no change", async () => {
    const project = `projects/${api().project}`;
    const google = `https://www.googleapis.com/compute/v1/${project}`;
    const { named, auto } = routes(0);
    assert.ok(named && auto);
    for (const prefix of [project, google]) {
      const other: Routes = {
        named: { ...named, network: `${prefix}/global/networks/${network}` },
        auto: {
          ...auto,
          network: `${prefix}/global/networks/${network}`,
          nextHopInstance: `${prefix}/zones/${zone}/instances/worker-0`,
        },
      };
      await stack().up(other, "--expect-no-changes");
    }
  });

  test("a preview of changes replaces, and calls nothing that changes", async () => {
    const calls = api().log.length;
    const plan = await stack().run(routes(1), "preview", "--json");
    const { steps } = JSON.parse(plan.stdout) as {
      steps: { op: string; urn: string }[];
    };
    const ops = steps.map(({ op, urn }) => `${op} ${urn.split("::").at(-1)}`);
    for (const name of ["named", "auto"]) {
      assert.ok(ops.includes(`replace ${name}`), ops.join());
    }
    assert.equal(api().log.length, calls);
  });

  test("a change deletes a route with a name first, and one without last", async () => {
    const before = auto();
    const calls = api().log.length;
    await stack().up(routes(1));
    const log = api().log.slice(calls);
    const of = (...names: string[]) =>
      log.filter((line) => names.includes(line.split(" ")[1] ?? ""));
    assert.notEqual(auto(), before);
    assert.deepEqual(of("pods-0"), [
      "delete pods-0",
      "insert pods-0 10.200.0.0/24 via 10.240.0.21",
    ]);
    assert.deepEqual(of(before, auto()), [
      `insert ${auto()} 10.200.1.0/24 via worker-1`,
      `delete ${before}`,
    ]);
    assert.equal(log.length, 4);
  });

  test("a refresh finds out what somebody else has deleted, and an update makes it again", async () => {
    api().deleteRoute("pods-0");
    await stack().refresh();
    assert.deepEqual(Object.keys(stack().routes), ["auto"]);
    await stack().up(routes(1));
    assert.equal(made().at(-1)?.name, "pods-0");
  });

  test("what is gone already can be deleted", async () => {
    api().deleteRoute("pods-0");
    const { auto } = routes(1);
    assert.ok(auto);
    await stack().up({ auto });
    assert.deepEqual(Object.keys(stack().routes), ["auto"]);
    await stack().up({});
    assert.deepEqual(made(), []);
  });
});

describe("every argument replaces", () => {
  const { api, stack } = fixture("arguments");
  const first: RouteArgs = pods(0, { tags: ["a", "b"] });
  const changes: Record<string, RouteArgs> = {
    destRange: { ...first, destRange: "10.200.9.0/24" },
    priority: { ...first, priority: 900 },
    tags: { ...first, tags: ["a"] },
    description: { ...first, description: "pods" },
    network: { ...first, network: "other" },
    nextHop: gateway(first),
  };
  const all = (change: (key: string) => RouteArgs): Routes =>
    Object.fromEntries(
      Object.keys(changes).map((key) => [key.toLowerCase(), change(key)]),
    );

  before(async () => {
    api().network("other", {
      subnets: [{ name: "o", region: "us-west1", range: "10.240.0.0/24" }],
    });
    await stack().up(all(() => first));
  });

  test("whichever has changed", async () => {
    const before = stack().routes;
    await stack().up(all((key) => changes[key] ?? first));
    for (const key of Object.keys(before)) {
      assert.notEqual(stack().routes[key]?.id, before[key]?.id, key);
    }
  });

  test("but the order of tags, or to spell out a default, changes nothing", async () => {
    const same = all((key) => {
      const { tags = [], ...args } = changes[key] ?? first;
      const reversed = Array.isArray(tags) ? [...tags].reverse() : tags;
      return {
        priority: 1000,
        project: api().project,
        ...args,
        tags: reversed,
      };
    });
    await stack().up(same, "--expect-no-changes");
  });
});

describe("a new name", () => {
  const { api, stack } = fixture("names");
  const routes = (name: string): Routes => ({
    plain: pods(0, { name: `plain-${name}` }),
    ordered: pods(1, {
      name: `ordered-${name}`,
      opts: { deleteBeforeReplace: false },
    }),
  });
  let log: readonly string[];

  before(async () => {
    await stack().up(routes("old"));
    const calls = api().log.length;
    await stack().up(routes("new"));
    log = api().log.slice(calls);
  });

  test("does not make the plugin create first", () => {
    assert.deepEqual(
      log.filter((line) => line.includes("plain")),
      ["delete plain-old", "insert plain-new 10.200.0.0/24 via 10.240.0.20"],
    );
  });

  test("together with deleteBeforeReplace: false does, so there is no gap", () => {
    assert.deepEqual(
      log.filter((line) => line.includes("ordered")),
      [
        "insert ordered-new 10.200.1.0/24 via 10.240.0.20",
        "delete ordered-old",
      ],
    );
  });
});

describe("import", () => {
  const { api, stack } = fixture("import");
  const imports = (): Readonly<Record<string, string>> => ({
    one: `projects/${api().project}/global/routes/theirs-0`,
    two: `${api().project}/theirs-1`,
    three: "theirs-2",
  });
  const theirs = (worker: number, opts?: CustomResourceOptions): RouteArgs =>
    pods(worker, { name: `theirs-${worker}`, ...(opts && { opts }) });

  before(() => {
    for (const i of [0, 1, 2]) {
      const destRange = `10.200.${i}.0/24`;
      const nextHopIp = "10.240.0.20";
      api().route({ name: `theirs-${i}`, network, destRange, nextHopIp });
    }
  });

  test("of a route that is not there fails", async () => {
    const said = await stack().upFails({ none: theirs(3, { import: "none" }) });
    assert.match(said, /resource '.*none' does not exist/);
  });

  test("takes an id in each of its forms, and leaves nothing to change", async () => {
    const routes = Object.fromEntries(
      Object.entries(imports()).map(([name, id], i) => [
        name,
        theirs(i, { import: id }),
      ]),
    );
    await stack().up(routes);
    assert.deepEqual(
      Object.values(stack().routes)
        .map(({ id }) => id)
        .sort(),
      [0, 1, 2].map(
        (i) => `projects/${api().project}/global/routes/theirs-${i}`,
      ),
    );
    await stack().up(routes, "--expect-no-changes");
    await stack().refresh("--expect-no-changes");
    assert.deepEqual(api().log, []);
  });

  test("is for once: without the option there is nothing to change either", async () => {
    const routes = { one: theirs(0), two: theirs(1), three: theirs(2) };
    await stack().up(routes, "--expect-no-changes");
    assert.deepEqual(api().log, []);
  });

  test("makes the route ours to delete", async () => {
    await stack().up({});
    assert.deepEqual(
      [...api().log].sort(),
      [0, 1, 2].map((i) => `delete theirs-${i}`),
    );
  });

  test("of a route that is another fails, and changes nothing", async () => {
    const calls = api().log.length;
    const [destRange, nextHopIp] = ["10.200.4.0/24", "10.240.0.21"];
    api().route({ name: "theirs-4", network, destRange, nextHopIp });
    const said = await stack().upFails({
      other: theirs(4, { import: "theirs-4" }),
    });
    assert.match(said, /nextHopIp/);
    assert.equal(api().log.length, calls);
  });
});

describe("what goes wrong", () => {
  const { api, stack } = fixture("faults");

  test("what the API refuses is said in its words, of each route", async () => {
    const [destRange, nextHopIp] = ["10.200.0.0/24", "10.240.0.21"];
    api().route({ name: "taken", network, destRange, nextHopIp });
    const { nextHopIp: _, ...hopless } = pods(2);
    const said = await stack().upFails(
      {
        taken: pods(0, { name: "taken" }),
        inside: { ...pods(1), destRange: "10.240.0.0/28" },
        nowhere: { ...hopless, nextHopInstance: "none" },
      },
      "--continue-on-error",
    );
    for (const message of [
      `Error creating Route: googleapi: Error 409: The resource 'projects/${api().project}/global/routes/taken' already exists, alreadyExists`,
      "Error creating Route: googleapi: Error 400: Invalid value for field 'resource.destRange': '10.240.0.0/28'. 10.240.0.0/28 hides the address space of the network (10.240.0.0/24). Cannot change the routing of packets destined for the network., invalid",
      `googleapi: Error 404: The resource 'projects/${api().project}/zones/${zone}/instances/none' was not found, notFound`,
    ]) {
      assert.ok(said.includes(message), said);
    }
    assert.deepEqual(stack().routes, {});
  });

  test("permission denied", async () => {
    api().failNext(403, "POST");
    const said = await stack().upFails({ one: pods(0) });
    assert.match(
      said,
      /Error creating Route: googleapi: Error 403: .*, forbidden/,
    );
  });

  test("a token that is no longer valid", async () => {
    api().tokenIsValid = false;
    const said = await stack().upFails({ one: pods(0) });
    api().tokenIsValid = true;
    assert.match(
      said,
      /Error creating Route: googleapi: Error 401: Request had invalid authentication credentials/,
    );
    assert.match(said, /Reason: authError, Message: Invalid Credentials/);
  });

  test("an operation that comes to nothing leaves nothing in the state", async () => {
    api().failNextOperation("INTERNAL_ERROR", "Internal error. Try again.");
    const said = await stack().upFails({ one: pods(0) });
    assert.match(said, /Error waiting to create Route: .*Internal error/);
    assert.deepEqual(stack().routes, {});
  });

  test("an error that passes is tried again", async () => {
    for (const code of [503, 429] as const) {
      api().failNext(code, "POST");
    }
    await stack().up({ one: pods(0) });
    api().failNext(503, "DELETE");
    await stack().up({});
    assert.deepEqual(stack().routes, {});
  });

  test("a preview refuses what can be told without the API", async () => {
    const { nextHopIp, ...hopless } = pods(0);
    const faults: [RouteArgs, ...RegExp[]][] = [
      [
        { ...hopless, name: "Pods" },
        /"Pods"\) doesn't match regexp "\^\[a-z\]\(\[-a-z0-9\]\*\[a-z0-9\]\)\?\$"/,
        /one of .*next_hop_ip.* must be specified/,
      ],
      [
        pods(0, { nextHopInstance: "worker-0" }),
        /only one of .*next_hop_ip.* can be specified, but .* were specified/,
      ],
    ];
    for (const [args, ...messages] of faults) {
      const { code, stdout } = await stack().run({ one: args }, "preview");
      assert.notEqual(code, 0);
      for (const message of messages) {
        assert.match(stdout, message);
      }
    }
  });
});

test("a preview goes on with what is not known yet", async () => {
  const { api, stack } = await start("unknown");
  try {
    const routes: Routes = {
      first: pods(0),
      second: { ...pods(1), description: { selfLinkOf: "first" } },
    };
    const { code, stdout } = await stack.run(routes, "preview");
    assert.equal(code, 0, stdout);
    await stack.up(routes);
    const second = api.routes(network).find(({ description }) => description);
    assert.match(second?.description ?? "", /\/global\/routes\/first-/);
  } finally {
    await api.stop();
  }
});

describe("getClientConfig", () => {
  const { api, stack } = fixture("config");

  test("says what the plugin works with", async () => {
    await stack().up({}, "--client-config");
    const { project, region, token } = api();
    assert.deepEqual(stack().outputs.clientConfig, {
      id: `projects/${project}/regions/${region}/zones/${zone}`,
      accessToken: token,
      project,
      region,
      zone,
      defaultLabels: {},
    });
  });

  test("fails without credentials, as everything does", async (t) => {
    if (!engine.standIns.includes("gcp")) {
      t.skip("the official plugin asks a metadata server, not on loopback");
      return;
    }
    const bare = await new Stack(
      "bare",
      engine,
      {
        ...api().env,
        GOOGLE_OAUTH_ACCESS_TOKEN: "",
      },
      directory,
    ).init();
    const expected =
      /neither `credentials` nor `access_token` was set .* No credentials loaded\. To use your gcloud credentials, run 'gcloud auth application-default login'/;
    assert.match(await bare.upFails({}, "--client-config"), expected);
    assert.match(await bare.upFails({ one: pods(0) }), expected);
    assert.deepEqual(api().log, []);
  });
});

/** The route to a worker's pods, by way of worker-0 unless `changes` say otherwise. */
function pods(worker: number, changes: Partial<RouteArgs> = {}): RouteArgs {
  const destRange = `10.200.${worker}.0/24`;
  return { network, destRange, nextHopIp: "10.240.0.20", ...changes };
}

/** The same route by way of the internet gateway. */
function gateway({ nextHopIp, ...args }: RouteArgs): RouteArgs {
  return { ...args, nextHopGateway: "default-internet-gateway" };
}

/** A server and a stack for the tests of a suite. */
function fixture(name: string): { api: () => ComputeApi; stack: () => Stack } {
  let started: { api: ComputeApi; stack: Stack };
  before(async () => {
    started = await start(name);
  });
  after(() => started.api.stop());
  return { api: () => started.api, stack: () => started.stack };
}

async function start(name: string): Promise<{ api: ComputeApi; stack: Stack }> {
  const api = await ComputeApi.start();
  const range = "10.240.0.0/24";
  api.network(network, {
    subnets: [{ name: "kubernetes", region: "us-west1", range }],
  });
  for (const i of [0, 1]) {
    const ip = `10.240.0.2${i}`;
    api.instance({ name: `worker-${i}`, zone, network, ip });
  }
  return {
    api,
    stack: await new Stack(name, engine, api.env, directory).init(),
  };
}

/** A stack that is nothing but routes of Google's cloud. */
class Stack extends ProgramStack {
  protected readonly program = join(import.meta.dirname, "gcp");

  /** Runs the CLI with these routes as the program; `--client-config` adds getClientConfig to it. */
  override run(routes: Routes, ...args: string[]): Promise<Result> {
    const clientConfig = args.includes("--client-config");
    const rest = args.filter((arg) => arg !== "--client-config");
    return super.run({ routes, clientConfig }, ...rest);
  }

  /** Applies routes, which must succeed. */
  async up(routes: Routes, ...args: string[]): Promise<void> {
    succeeded(await this.run(routes, "up", "--yes", "--skip-preview", ...args));
  }

  /** Applies routes, which must fail; returns all that was said. */
  async upFails(routes: Routes, ...args: string[]): Promise<string> {
    const up = ["up", "--yes", "--skip-preview"];
    return failed(await this.run(routes, ...up, ...args));
  }

  async refresh(...args: string[]): Promise<void> {
    const refresh = ["refresh", "--yes", "--skip-preview"];
    succeeded(await this.run({}, ...refresh, ...args));
  }

  /** The routes in the state, by the names of their resources. */
  get routes(): Readonly<Record<string, ResourceState>> {
    return this.ofType("gcp:compute/route:Route");
  }
}
