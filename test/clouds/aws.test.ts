import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Stack } from "../../lab/stack.ts";
import { configOf } from "../../lab/stack.ts";
import { cloudFaults, example, faultsIn, planOf, says, up } from "../stacks.ts";
import { cloudStacks } from "./cloudStacks.ts";
import { Ec2 } from "./ec2.ts";

type Worker = Awaited<ReturnType<Ec2["instance"]>>;

const type = "aws:ec2/route:Route";
const makeStack = cloudStacks("aws");

describe("seed 001: routes in a route table of AWS", () => {
  let ec2: Ec2;
  let vpc: string;
  let subnet: string;
  let table: string;
  let gateway: string;
  let stack: Stack;
  const workers: Worker[] = [];

  const worker = (i: number) =>
    ec2.instance({
      subnet,
      name: `worker-${i}`,
      ip: `172.20.1.2${i}`,
      podCidr: `172.22.${i}.0/24`,
    });
  const through = (i: number, destination = `172.22.${i}.0/24`) => ({
    destination,
    networkInterfaceId: workers[i]?.networkInterfaceId,
  });
  const others = () => [
    { destination: "0.0.0.0/0", gatewayId: gateway },
    { destination: "172.20.0.0/16", gatewayId: "local" },
  ];
  const name = (i: number) => `routes-${table}-172-22-${i}-0-24`;
  const config = (names: string[], more: object = {}) =>
    configOf({ target: "aws", instances: { names }, ...more });
  const three = ["worker-0", "worker-1", "worker-2"];

  /** Asserts that the route table holds exactly the routes through these workers, besides those of others. */
  const assertTable = async (...routes: object[]) =>
    assert.deepEqual(await ec2.routes(table), [...others(), ...routes]);

  before(async () => {
    ec2 = await Ec2.start();
    vpc = await ec2.vpc({ cidr: "172.20.0.0/16" });
    subnet = await ec2.subnet(vpc, "172.20.1.0/24");
    table = await ec2.routeTable(vpc, { Name: "kubernetes" });
    gateway = await ec2.internetGateway(vpc, table);
    for (const i of [0, 1, 2]) {
      workers.push(await worker(i));
    }
    stack = await makeStack(
      "seed-001",
      example("001-aws-routes.yaml"),
      ec2.env,
    );
  });
  after(() => ec2.stop());

  it("leaves the route table as the guide does, and then changes nothing", async () => {
    assert.deepEqual(await planOf(stack, type), {
      create: [name(0), name(1), name(2)],
    });
    await up(stack);
    await assertTable(through(0), through(1), through(2));
    assert.deepEqual(await ec2.routesByBoto3(table), [
      `0.0.0.0/0 ${gateway} active`,
      ...[0, 1, 2].map(
        (i) => `172.22.${i}.0/24 ${workers[i]?.networkInterfaceId} active`,
      ),
    ]);
    assert.deepEqual(await planOf(stack, type), {});
    const text = await stack.output<string>("routeTableText");
    assert.deepEqual(
      text.split("\n").map((line) => line.split(/ +/)),
      [
        ["DestinationCidrBlock", "InstanceId", "GatewayId"],
        ["--------------------", "----------", "---------"],
        ...[0, 1, 2].map((i) => [`172.22.${i}.0/24`, workers[i]?.instanceId]),
        ["172.20.0.0/16", "local"],
        ["0.0.0.0/0", gateway],
      ],
    );
    assert.deepEqual(await stack.output("routeTableIds"), [table]);
  });

  it("adds the route of a worker that comes, and removes that of one that goes", async () => {
    workers.push(await worker(3));
    stack.configure(config([...three, "worker-3"]));
    assert.deepEqual(await planOf(stack, type), { create: [name(3)] });
    await up(stack);
    await assertTable(through(0), through(1), through(2), through(3));
    stack.configure(config(three));
    assert.deepEqual(await planOf(stack, type), { delete: [name(3)] });
    await up(stack);
    await assertTable(through(0), through(1), through(2));
  });

  it("changes routes in place when two workers swap their pod CIDRs", async () => {
    await ec2.tag(workers[0]?.instanceId, { pod_cidr: "172.22.1.0/24" });
    await ec2.tag(workers[1]?.instanceId, { pod_cidr: "172.22.0.0/24" });
    assert.deepEqual(await planOf(stack, type), { update: [name(0), name(1)] });
    await up(stack);
    await assertTable(
      through(1, "172.22.0.0/24"),
      through(0, "172.22.1.0/24"),
      through(2),
    );
    await ec2.tag(workers[0]?.instanceId, { pod_cidr: "172.22.0.0/24" });
    await ec2.tag(workers[1]?.instanceId, { pod_cidr: "172.22.1.0/24" });
    await up(stack);
    await assertTable(through(0), through(1), through(2));
  });

  it("changes the route in place when a worker is replaced by a new machine", async () => {
    await ec2.terminate(workers[2]?.instanceId ?? "");
    workers[2] = await ec2.instance({
      subnet,
      name: "worker-2",
      ip: "172.20.1.32",
      podCidr: "172.22.2.0/24",
    });
    assert.deepEqual(await planOf(stack, type), { update: [name(2)] });
    await up(stack);
    await assertTable(through(0), through(1), through(2));
  });

  it("warns of a route that somebody deleted, and makes it again after a refresh", async () => {
    await ec2.deleteRoute(table, "172.22.1.0/24");
    const preview = await stack.must(["preview"]);
    assert.match(
      preview,
      /warning: .*172\.22\.1\.0\/24 was deleted by somebody else; to fix that: pulumi up --refresh/,
    );
    assert.deepEqual(await cloudFaults(stack), [
      1,
      `${table}: missing 172.22.1.0/24 pulumi up --refresh`,
    ]);
    const refreshed = await stack.must(["preview", "--refresh", "--diff"]);
    assert.match(refreshed, /\+ 1 to create/);
    await stack.must(["up", "--refresh", "--yes", "--skip-preview"]);
    await assertTable(through(0), through(1), through(2));
    await up(stack);
    assert.deepEqual(await cloudFaults(stack), [0]);
  });

  it("warns of a route that somebody changed, and fixes it after a refresh", async () => {
    await ec2.deleteRoute(table, "172.22.1.0/24");
    await ec2.route(table, "172.22.1.0/24", {
      networkInterfaceId: workers[0]?.networkInterfaceId ?? "",
    });
    assert.match(await stack.must(["preview"]), /was changed to lead to eni-/);
    assert.deepEqual(await cloudFaults(stack), [
      1,
      `${table}: wrong 172.22.1.0/24 pulumi up --refresh`,
    ]);
    await stack.must(["up", "--refresh", "--yes", "--skip-preview"]);
    await assertTable(through(0), through(1), through(2));
    await up(stack);
  });

  it("refuses what it cannot do at preview and at up, all of it at once, and changes nothing", async () => {
    const bad = await ec2.instance({
      subnet,
      name: "worker-4",
      ip: "172.20.1.24",
      sourceDestCheck: true,
      podCidr: "172.22.4.0/24",
    });
    const untagged = await ec2.instance({
      subnet,
      name: "worker-5",
      ip: "172.20.1.25",
    });
    await ec2.route(table, "172.22.4.0/24", { gatewayId: gateway });
    const more = { routesPerTable: 5 };
    stack.configure(config(["worker-?", "worker-10"], more));
    for (const verb of [["preview"], ["up", "--yes", "--skip-preview"]]) {
      const said = says(await stack.pulumi(verb));
      assert.deepEqual(
        faultsIn(said).map((fault) => fault.replace(/: .*/, "")),
        [
          "instances.names[1]",
          `worker-5 (${untagged.instanceId})`,
          `worker-4 (${bad.instanceId})`,
          `${table} 172.22.4.0/24`,
          table,
        ],
        said,
      );
      assert.match(said, /AWS cannot have these routes: 5 faults; nothing/);
      assert.doesNotMatch(said, /at .*\.ts:|node_modules|serializing/);
    }
    await assertTable(through(0), through(1), through(2), {
      destination: "172.22.4.0/24",
      gatewayId: gateway,
    });
    await ec2.deleteRoute(table, "172.22.4.0/24");
    await ec2.terminate(bad.instanceId);
    await ec2.terminate(untagged.instanceId);
    stack.configure(config(three));
    await up(stack);
  });

  it("removes its own routes and no other when it is destroyed", async () => {
    await ec2.route(table, "10.9.0.0/24", { gatewayId: gateway });
    await stack.must(["destroy", "--yes", "--skip-preview"]);
    assert.deepEqual(await ec2.routes(table), [
      { destination: "0.0.0.0/0", gatewayId: gateway },
      { destination: "10.9.0.0/24", gatewayId: gateway },
      { destination: "172.20.0.0/16", gatewayId: "local" },
    ]);
    await ec2.deleteRoute(table, "10.9.0.0/24");
  });

  it("takes the routes that the guide made over without touching them", async () => {
    for (const i of [0, 1, 2]) {
      const instanceId = workers[i]?.instanceId ?? "";
      await ec2.route(table, `172.22.${i}.0/24`, { instanceId });
    }
    const made = await ec2.routes(table);
    const said = says(await stack.pulumi(["preview"]));
    assert.match(said, /3 faults; nothing was changed/);
    assert.match(said, /take it over: pulumi config set adoptExisting true/);
    stack.configure(config(three, { adoptExisting: true }));
    assert.deepEqual(await planOf(stack, type), {
      import: [name(0), name(1), name(2)],
    });
    await up(stack);
    assert.deepEqual(await ec2.routes(table), made);
    stack.configure(config(three));
    assert.deepEqual(await planOf(stack, type), {});
    await stack.must(["destroy", "--yes", "--skip-preview"]);
    await assertTable();
  });

  it("refuses to go over the quota, with the numbers and where to raise it", async () => {
    const there = (await ec2.routes(table)).length - 1; // the local one does not count
    for (let i = there; i < 49; i++) {
      await ec2.route(table, `10.9.${i}.0/24`, { gatewayId: gateway });
    }
    assert.deepEqual(faultsIn(says(await stack.pulumi(["preview"]))), [
      `${table}: has 49 IPv4 routes and would get 3 more, 50 are allowed; raise the quota "Routes per route table" (vpc, L-93826ACB) in AWS Service Quotas, up to 1000, and then set routesPerTable to what it is`,
    ]);
    stack.configure(config(three, { routesPerTable: 52 }));
    await up(stack);
    assert.equal((await ec2.routes(table)).length, 53);
    await stack.must(["destroy", "--yes", "--skip-preview"]);
  });

  it("says so when AWS cannot be asked", async () => {
    const env = {
      ...ec2.env,
      AWS_ACCESS_KEY_ID: "",
      AWS_SECRET_ACCESS_KEY: "",
    };
    const nobody = await makeStack("nobody", config(three), env);
    const said = says(await nobody.pulumi(["preview"]));
    assert.match(
      said,
      /AWS could not be asked what is there; nothing was changed/,
    );
    assert.match(said, /no valid credential sources/i);
    assert.doesNotMatch(said, /at .*\.ts:/);
  });
});

describe("routes in several route tables, of both address families", () => {
  let ec2: Ec2;
  before(async () => {
    ec2 = await Ec2.start();
  });
  after(() => ec2.stop());

  it("are the same in every one", async () => {
    const vpc = await ec2.vpc({ cidr: "172.20.0.0/16", ipv6: true });
    const block = (await ec2.ipv6Block(vpc)).replace(/::\/\d+$/, "");
    const ipv6Cidr = `${block}::/64`;
    const subnet = await ec2.subnet(vpc, "172.20.1.0/24", { ipv6Cidr });
    const tables = [
      await ec2.routeTable(vpc, { Name: "a" }),
      await ec2.routeTable(vpc, { Name: "b" }),
    ];
    const worker = await ec2.instance({
      subnet,
      name: "worker-0",
      ip: "172.20.1.20",
      ipv6: `${block}::20`,
      podCidr: "172.22.0.0/24,fd00:22::/64",
    });
    const config = configOf({
      target: "aws",
      nodes: [
        {
          name: "node-0",
          internalIp: ["172.20.1.20", `${block}::20`],
          podCidrs: ["172.22.0.0/24", "fd00:22::/64"],
        },
      ],
      routeTables: { ids: tables },
    });
    const stack = await makeStack("dual", config, ec2.env);
    await up(stack);
    for (const table of tables) {
      const ours = (await ec2.routes(table)).filter(
        ({ gatewayId }) => gatewayId !== "local",
      );
      const { networkInterfaceId } = worker;
      assert.deepEqual(ours, [
        { destination: "172.22.0.0/24", networkInterfaceId },
        { destination: "fd00:22::/64", networkInterfaceId },
      ]);
    }
    await stack.must(["destroy", "--yes", "--skip-preview"]);
  });
});
