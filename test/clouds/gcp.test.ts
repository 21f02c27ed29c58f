import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Stack } from "../../lab/stack.ts";
import { configOf } from "../../lab/stack.ts";
import { cloudFaults, example, faultsIn, planOf, says, up } from "../stacks.ts";
import { cloudStacks } from "./cloudStacks.ts";
import { ComputeApi } from "./computeApiServer.ts";

const type = "gcp:compute/route:Route";
const network = "kubernetes-the-hard-way";
const makeStack = cloudStacks("gcp");

describe("seed 004, second half: routes in a network of GCP", () => {
  let api: ComputeApi;
  let stack: Stack;

  const worker = (i: number, more: object = {}) =>
    api.instance({
      name: `worker-${i}`,
      zone: api.zone,
      network,
      ip: `10.240.0.2${i}`,
      podCidr: `10.200.${i}.0/24`,
      ...more,
    });
  const resource = (i: number) => `routes-10-200-${i}-0-24`;
  const usual = (i: number) => `kubernetes-route-10-200-${i}-0-24`;
  const config = (names: string[], more: object = {}) =>
    configOf({ target: "gcp", network, instances: { names }, ...more });
  const three = ["worker-0", "worker-1", "worker-2"];

  /** The routes of pods, as `gcloud compute routes list` would show their range and next hop. */
  const routes = () =>
    api
      .routes(network)
      .filter(({ destRange }) => destRange.startsWith("10.200."))
      .map(({ name, destRange, nextHopIp }) => [name, destRange, nextHopIp]);
  const asTheGuide = [0, 1, 2].map((i) => [
    usual(i),
    `10.200.${i}.0/24`,
    `10.240.0.2${i}`,
  ]);
  /** What has been done to routes since it was last asked. */
  const done = () => api.log.splice(0);

  before(async () => {
    api = await ComputeApi.start();
    const subnet = { name: "kubernetes", region: api.region };
    api.network(network, { subnets: [{ ...subnet, range: "10.240.0.0/24" }] });
    for (const i of [0, 1, 2]) {
      worker(i);
    }
    const yaml = example("004-gcp-routes.yaml");
    stack = await makeStack(
      "seed-004",
      yaml.replace("my-project", api.project),
      api.env,
    );
  });
  after(() => api.stop());

  it("leaves the network as the guide does, and then changes nothing", async () => {
    const before = api.routes(network);
    assert.deepEqual(await planOf(stack, type), {
      create: [resource(0), resource(1), resource(2)],
    });
    await up(stack);
    assert.deepEqual(routes(), asTheGuide);
    assert.equal(api.routes(network).length, before.length + 3);
    assert.deepEqual(await planOf(stack, type), {});
    const text = await stack.output<string>("routeTableText");
    const listed = text.split("\n").map((line) => line.split(/ {2,}/));
    assert.deepEqual(listed, [
      ["NAME", "NETWORK", "DEST_RANGE", "NEXT_HOP", "PRIORITY"],
      ...before
        .map(({ name, destRange, nextHopNetwork }) => [
          name,
          network,
          destRange,
          nextHopNetwork === undefined ? "default-internet-gateway" : network,
          "1000",
        ])
        .sort(),
      ...asTheGuide.map(([name = "", range = "", hop = ""]) => [
        name,
        network,
        range,
        hop,
        "1000",
      ]),
    ]);
    done();
  });

  it("adds the route of a worker that comes, and removes that of one that goes", async () => {
    worker(3);
    stack.configure(config([...three, "worker-3"]));
    assert.deepEqual(await planOf(stack, type), { create: [resource(3)] });
    await up(stack);
    assert.equal(routes().length, 4);
    stack.configure(config(three));
    assert.deepEqual(await planOf(stack, type), { delete: [resource(3)] });
    await up(stack);
    assert.deepEqual(routes(), asTheGuide);
    assert.deepEqual(
      done().map((line) => line.split(" ").slice(0, 2).join(" ")),
      [`insert ${usual(3)}`, `delete ${usual(3)}`],
    );
  });

  it("leaves no gap when a worker gets another address, and has the guide's name again after the next time", async () => {
    worker(2, { ip: "10.240.0.32" });
    assert.deepEqual(await planOf(stack, type), { replace: [resource(2)] });
    await up(stack);
    const [insert = "", ...rest] = done();
    assert.match(
      insert,
      /^insert kubernetes-route-10-200-2-0-24-[0-9a-f]{4} 10\.200\.2\.0\/24 via 10\.240\.0\.32$/,
    );
    assert.deepEqual(rest, [`delete ${usual(2)}`]);
    worker(2);
    await up(stack);
    assert.deepEqual(routes(), asTheGuide);
    assert.deepEqual(
      done().map((line) => line.split(" ")[0]),
      ["insert", "delete"],
    );
  });

  it("leaves no gap when two workers swap their pod CIDRs", async () => {
    worker(0, { podCidr: "10.200.1.0/24" });
    worker(1, { podCidr: "10.200.0.0/24" });
    await up(stack);
    assert.deepEqual(
      routes().map(([, range, hop]) => [range, hop]),
      [
        ["10.200.0.0/24", "10.240.0.21"],
        ["10.200.1.0/24", "10.240.0.20"],
        ["10.200.2.0/24", "10.240.0.22"],
      ],
    );
    const verbs = done().map((line) => line.split(" ")[0]);
    assert.deepEqual(verbs, ["insert", "insert", "delete", "delete"]);
    worker(0);
    worker(1);
    await up(stack);
    assert.deepEqual(routes(), asTheGuide);
    done();
  });

  it("changes to instances as next hops, and back, without a gap", async () => {
    stack.configure(config(three, { nextHop: "instance", priority: 900 }));
    await up(stack);
    const hops = api
      .routes(network)
      .filter(({ destRange }) => destRange.startsWith("10.200."))
      .map(({ nextHopInstance = "", priority }) => [
        nextHopInstance.replace(/.*\//, ""),
        priority,
      ]);
    assert.deepEqual(
      hops,
      three.map((name) => [name, 900]),
    );
    stack.configure(config(three));
    await up(stack);
    assert.deepEqual(routes(), asTheGuide);
    const verbs = done().map((line) => line.split(" ")[0]);
    const once = [..."iiiddd"].map((v) => (v === "i" ? "insert" : "delete"));
    assert.deepEqual(verbs, [...once, ...once]);
  });

  it("warns of a route that somebody deleted, and makes it again after a refresh", async () => {
    api.deleteRoute(usual(1));
    assert.match(
      await stack.must(["preview"]),
      /warning: route kubernetes-route-10-200-1-0-24 to 10\.200\.1\.0\/24 was deleted by somebody else; to fix that: pulumi up --refresh/,
    );
    assert.deepEqual(await cloudFaults(stack), [
      1,
      `${network}: missing 10.200.1.0/24 pulumi up --refresh`,
    ]);
    const refreshed = await stack.must(["preview", "--refresh", "--diff"]);
    assert.match(refreshed, /\+ 1 to create/);
    await stack.must(["up", "--refresh", "--yes", "--skip-preview"]);
    assert.deepEqual(routes(), asTheGuide);
    await up(stack);
    assert.deepEqual(await cloudFaults(stack), [0]);
    done();
  });

  it("refuses what it cannot do at preview and at up, all of it at once, and changes nothing", async () => {
    worker(4, { canIpForward: false });
    worker(5, { podCidr: undefined });
    api.route({
      name: "theirs",
      network,
      destRange: "10.200.4.0/24",
      nextHopIp: "10.240.0.9",
    });
    stack.configure(config(["worker-?", "node-0"], { routesPerNetwork: 5 }));
    for (const verb of [["preview"], ["up", "--yes", "--skip-preview"]]) {
      const said = says(await stack.pulumi(verb));
      assert.deepEqual(
        faultsIn(said).map((fault) => fault.replace(/: .*/, "")),
        [
          "instances.names[1]",
          "worker-5 (us-west1-c)",
          "worker-4 (us-west1-c)",
          `${network} 10.200.4.0/24`,
          // worker-3 was not asked for before
          network,
        ],
        said,
      );
      assert.match(said, /GCP cannot have these routes: 5 faults; nothing/);
      assert.doesNotMatch(said, /at .*\.ts:|node_modules|serializing/);
    }
    assert.deepEqual(done(), []);
    api.deleteRoute("theirs");
    stack.configure(config(three));
    await up(stack);
  });

  it("carries on after a failure in the middle", async () => {
    stack.configure(config([...three, "worker-3"], { priority: 800 }));
    api.failNextOperation("QUOTA_EXCEEDED", "Quota 'ROUTES' exceeded.");
    says(await stack.pulumi(["up", "--yes", "--skip-preview"]));
    await up(stack);
    const priorities = api
      .routes(network)
      .filter(({ destRange }) => destRange.startsWith("10.200."))
      .map(({ priority }) => priority);
    assert.deepEqual(priorities, [800, 800, 800, 800]);
    stack.configure(config(three));
    await up(stack);
    assert.deepEqual(routes(), asTheGuide);
  });

  it("removes its own routes and no other when it is destroyed", async () => {
    const theirs = { name: "theirs", network, destRange: "10.9.0.0/24" };
    api.route({ ...theirs, nextHopIp: "10.240.0.9" });
    await stack.must(["destroy", "--yes", "--skip-preview"]);
    assert.deepEqual(routes(), []);
    const left = api.routes(network).map(({ destRange }) => destRange);
    assert.deepEqual(left.sort(), [
      "0.0.0.0/0",
      "10.240.0.0/24",
      "10.9.0.0/24",
    ]);
    done();
  });

  it("takes the routes that the guide made over without touching them", async () => {
    for (const [name = "", destRange = "", nextHopIp = ""] of asTheGuide) {
      const description = name.includes("200-1-0") ? "by hand" : undefined;
      api.route({
        name,
        network,
        destRange,
        nextHopIp,
        ...(description && { description }),
      });
    }
    const made = api.routes(network);
    const said = says(await stack.pulumi(["preview"]));
    assert.match(said, /3 faults; nothing was changed/);
    assert.match(said, /take it over: pulumi config set adoptExisting true/);
    stack.configure(config(three, { adoptExisting: true }));
    assert.deepEqual(await planOf(stack, type), {
      import: [resource(0), resource(1), resource(2)],
    });
    await up(stack);
    assert.deepEqual(api.routes(network), made);
    assert.deepEqual(done(), []);
    stack.configure(config(three));
    assert.deepEqual(await planOf(stack, type), {});
    await stack.must(["destroy", "--yes", "--skip-preview"]);
    assert.deepEqual(routes(), []);
  });

  it("says so when GCP cannot be asked", async () => {
    const env = { ...api.env, GOOGLE_OAUTH_ACCESS_TOKEN: "" };
    const nobody = await makeStack("nobody", config(three), env);
    const said = says(await nobody.pulumi(["preview"]));
    assert.match(
      said,
      /GCP could not be asked what is there; nothing was changed/,
    );
    assert.match(said, /gcloud auth/);
    assert.doesNotMatch(said, /at .*\.ts:/);
  });
});
