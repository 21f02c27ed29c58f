// What this project relies on in the aws plugin, on the real engine, against moto. Runs against the
// plugin that the project uses on this machine, the official one or the stand-in: both have to pass,
// save for what moto leaves out of its answers and only the stand-in fills in.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import {
  ModifyInstanceAttributeCommand,
  ModifyNetworkInterfaceAttributeCommand,
} from "@aws-sdk/client-ec2";
import { type Engine, getEngine } from "../../lab/engine.ts";
import { AwsStack, type Program } from "./awsStack.ts";
import { Ec2 } from "./ec2.ts";

type Node = Awaited<ReturnType<Ec2["instance"]>>;

let ec2: Ec2;
let engine: Engine;
let directory: string;
let vpc: string;
let subnet: string;
let one: Node;
let two: Node;

before(async () => {
  directory = mkdtempSync(join(tmpdir(), "pod-network-routes-aws-"));
  engine = await getEngine("aws");
  const plugin = engine.standIns.includes("aws") ? "stand-in" : "official one";
  console.log(`aws plugin under test: the ${plugin}`);
  ec2 = await Ec2.start();
  vpc = await ec2.vpc({ cidr: "172.20.0.0/16", ipv6: true });
  subnet = await ec2.subnet(vpc, "172.20.1.0/24");
  one = await ec2.instance({ subnet, name: "one", ip: "172.20.1.11" });
  two = await ec2.instance({ subnet, name: "two", ip: "172.20.1.12" });
});

after(async () => {
  await ec2?.stop();
  rmSync(directory, { recursive: true, force: true });
});

describe("the life of a route", () => {
  const [first, second] = ["10.200.0.0/24", "10.200.1.0/24"];
  let table: string;
  let stack: AwsStack;
  const to = (destinationCidrBlock: string, node: Node): Program => ({
    routes: { r: route(table, destinationCidrBlock, node) },
  });

  before(async () => {
    table = await ec2.routeTable(vpc);
    stack = await newStack("life");
    await stack.up(to(first, one));
  });

  test("it is made as declared", async () => {
    assert.deepEqual(await routesOf(table), [
      { destination: first, networkInterfaceId: one.networkInterfaceId },
    ]);
  });

  test("its outputs are what EC2 says of it, and its id is Terraform's", () => {
    const { id, outputs } = stack.routes.r ?? {};
    assert.match(String(id), new RegExp(`^r-${table}\\d+$`));
    assertHas(outputs, {
      routeTableId: table,
      destinationCidrBlock: first,
      networkInterfaceId: one.networkInterfaceId,
      ...filledIn({ ...one, instanceOwnerId: "123456789012" }),
      origin: "CreateRoute",
      state: "active",
      region: "eu-west-1",
    });
  });

  test("a route that did not change is not touched", async () => {
    await stack.up(to(first, one), "--refresh", "--expect-no-changes");
  });

  test("another interface is an update in place", async () => {
    const { id } = stack.routes.r ?? {};
    assert.deepEqual(await stack.preview(to(first, two)), ["update"]);
    await stack.up(to(first, two));
    assert.equal(stack.routes.r?.id, id);
    assertHas(stack.routes.r?.outputs, filledIn(two));
    assert.deepEqual(await routesOf(table), [
      { destination: first, networkInterfaceId: two.networkInterfaceId },
    ]);
  });

  test("another destination is a new route, made before the old one goes", async () => {
    const said = await stack.up(to(second, two));
    assert.match(said, /created replacement.*deleting original/s);
    assert.deepEqual(await routesOf(table), [
      { destination: second, networkInterfaceId: two.networkInterfaceId },
    ]);
  });

  test("a refresh sees that it was changed, and up changes it back", async () => {
    await ec2.deleteRoute(table, second);
    await ec2.route(table, second, { instanceId: one.instanceId });
    await stack.refresh(to(second, two));
    const { instanceId } = one;
    assertHas(stack.routes.r?.outputs, { instanceId, ...filledIn(one) });
    await stack.up(to(second, two));
    assert.deepEqual(await routesOf(table), [
      { destination: second, networkInterfaceId: two.networkInterfaceId },
    ]);
  });

  test("a refresh sees that it leads to a stopped instance", async () => {
    await ec2.stopInstance(two.instanceId);
    await stack.refresh(to(second, two));
    await ec2.startInstance(two.instanceId);
    const expected = filledIn({ state: "blackhole", ...two });
    assertHas(stack.routes.r?.outputs, expected);
  });

  test("a refresh sees that it is gone, and up makes it again", async () => {
    await ec2.deleteRoute(table, second);
    await stack.refresh(to(second, two));
    assert.deepEqual(stack.routes, {});
    await stack.up(to(second, two));
    assert.equal((await routesOf(table)).length, 1);
  });

  test("it can be deleted where it is gone already", async () => {
    await ec2.deleteRoute(table, second);
    await stack.up({});
    assert.deepEqual(stack.routes, {});
  });
});

describe("a route that is there already", () => {
  const [v4, v6, other] = ["10.201.0.0/24", "2001:db8:0:1::/64", "10.9.0.0/24"];
  let table: string;
  let stack: AwsStack;

  before(async () => {
    table = await ec2.routeTable(vpc);
    await ec2.route(table, v4, { instanceId: one.instanceId });
    await ec2.route(table, v6, one);
    await ec2.route(table, other, one);
    stack = await newStack("existing");
  });

  test("is neither overwritten nor taken over", async () => {
    const said = await stack.upFails({
      routes: { v4: route(table, v4, two), other: route(table, other, two) },
    });
    for (const destination of [v4, other]) {
      const message = `api error RouteAlreadyExists: Route in Route Table (${table}) with destination (${destination}) already exists`;
      assert.ok(said.includes(message), said);
    }
    assert.deepEqual(stack.routes, {});
    assert.deepEqual(await routesOf(table), [
      { destination: other, networkInterfaceId: one.networkInterfaceId },
      { destination: v4, instanceId: one.instanceId },
      { destination: v6, networkInterfaceId: one.networkInterfaceId },
    ]);
  });

  test("is imported, and has then no changes", async () => {
    const imported: Record<string, string> = { ...filledIn({ v4 }), v6 };
    const declared = (imports: boolean): Program => ({
      routes: Object.fromEntries(
        Object.entries(imported).map(([name, block]) => [
          name,
          {
            ...route(table, block, one),
            ...(imports && { opts: { import: `${table}_${block}` } }),
          },
        ]),
      ),
    });
    const said = await stack.up(declared(true));
    assert.doesNotMatch(said, /updat(ed|ing) \(/);
    for (const [name, block] of Object.entries(imported)) {
      const { id, inputs } = stack.routes[name] ?? {};
      assert.match(String(id), /^r-rtb-/);
      assert.deepEqual(inputs, route(table, block, one));
    }
    await stack.up(declared(false), "--refresh", "--expect-no-changes");
  });

  test("is imported, and led elsewhere in place, if the program says so", async () => {
    const opts = { import: `${table}_${other}` };
    await stack.up({ routes: { r: { ...route(table, other, two), opts } } });
    assert.deepEqual(await routesOf(table), [
      { destination: other, networkInterfaceId: two.networkInterfaceId },
    ]);
    await stack.up({});
  });

  test("cannot be imported if it is not there after all", async () => {
    const opts = { import: `${table}_10.202.0.0/24` };
    const said = await stack.upFails({
      routes: { r: { ...route(table, "10.202.0.0/24", two), opts } },
    });
    assert.match(said, /does not exist/);
  });
});

describe("what is refused before anything is done", () => {
  test("what is no route", async () => {
    const stack = await newStack("faults");
    const { code, stdout } = await stack.run(
      {
        routes: {
          r: {
            ...route("rtb-0123", "10.203.0.1/24", one),
            destinationIpv6CidrBlock: "pods",
            gatewayId: "igw-0123",
          },
        },
      },
      "preview",
    );
    assert.notEqual(code, 0, stdout);
    for (const message of [
      /"10\.203\.0\.1\/24" is not a valid IPv4 CIDR block; did you mean "10\.203\.0\.0\/24"\?/,
      /"pods" is not a valid CIDR block/,
      /can be specified, but `destination.*` were specified/,
      /can be specified, but `gateway.*` were specified/,
    ]) {
      assert.match(stdout, message);
    }
  });

  test("missing credentials", async () => {
    const stack = await newStack("credentials", {
      AWS_ACCESS_KEY_ID: "",
      AWS_SECRET_ACCESS_KEY: "",
    });
    const { code, stdout, stderr } = await stack.run(
      { routes: { r: route("rtb-0123", "10.203.0.0/24", one) } },
      "preview",
    );
    assert.notEqual(code, 0);
    assert.match(stdout + stderr, /No valid credential sources found/);
  });
});

describe("what is looked up", () => {
  const own = "172.21.0.0/16";
  const tag = { cluster: "looked-up" };
  let network: string;
  let table: string;
  let gatewayId: string;
  let nodes: Record<"w0" | "w1" | "w2" | "w3", Node>;
  let halves: Node[];
  let results: AwsStack["results"];

  before(async () => {
    network = await ec2.vpc({ cidr: own, ipv6: true, tags: tag });
    const block = await ec2.ipv6Block(network);
    const sub = await ec2.subnet(network, "172.21.1.0/24", {
      ipv6Cidr: block.replace("/56", "/64"),
    });
    const node = (name: string, i: number, more = {}) =>
      ec2.instance({ subnet: sub, name, ip: `172.21.1.${i}`, ...more });
    nodes = {
      w0: await node("w0", 10, {
        podCidr: "10.210.0.0/24",
        ipv6: "2001:db8:0:ffff::10",
      }),
      w1: await node("w1", 11, { sourceDestCheck: true }),
      w2: await node("w2", 12),
      w3: await node("w3", 13),
    };
    await ec2.stopInstance(nodes.w2.instanceId);
    await ec2.terminate(nodes.w3.instanceId);
    table = await ec2.routeTable(network, { Name: "looked-up" });
    gatewayId = await ec2.internetGateway(network, table);
    await ec2.route(table, "10.210.0.0/24", nodes.w0);
    await ec2.route(table, "10.210.1.0/24", {
      instanceId: nodes.w1.instanceId,
    });
    await ec2.route(table, "2001:db8::/64", nodes.w0);
    halves = await switchedOffAtOnePlace();
    const inVpc = filter("vpc-id", network);
    const stack = await newStack("look-ups");
    const names = filter("tag:Name", "w?");
    const interfaces = (...filters: object[]): [string, object] => [
      "getNetworkInterfaces",
      { filters: [inVpc, ...filters] },
    ];
    await stack.up({
      functions: {
        tables: ["getRouteTables", { tags: { Name: "looked-up" } }],
        tablesOfVpc: ["getRouteTables", { vpcId: network }],
        noTables: ["getRouteTables", { filters: [filter("tag:Name", "x")] }],
        table: ["getRouteTable", { routeTableId: table }],
        noTable: ["getRouteTable", { routeTableId: "rtb-0123456789abcdef0" }],
        severalTables: ["getRouteTable", { vpcId: network }],
        vpc: ["getVpc", { id: network }],
        noVpc: ["getVpc", { id: "vpc-0123456789abcdef0" }],
        running: ["getInstances", { filters: [inVpc, names] }],
        stopped: [
          "getInstances",
          { filters: [inVpc], instanceStateNames: ["stopped", "terminated"] },
        ],
        named: ["getInstances", { instanceTags: { Name: "w1" } }],
        noInstances: ["getInstances", { instanceTags: { Name: "x" } }],
        w0: ["getInstance", { instanceId: nodes.w0.instanceId }],
        w1: ["getInstance", { filters: [inVpc, filter("tag:Name", "w1")] }],
        w3: ["getInstance", { instanceId: nodes.w3.instanceId }],
        noInstance: ["getInstance", { instanceId: "i-0123456789abcdef0" }],
        severalInstances: ["getInstance", { filters: [inVpc] }],
        interfaces: interfaces(),
        byId: interfaces(
          filter(
            "network-interface-id",
            nodes.w0.networkInterfaceId,
            nodes.w1.networkInterfaceId,
            "eni-0123456789abcdef0",
          ),
        ),
        byIp: interfaces(filter("addresses.private-ip-address", "172.21.1.12")),
        byIpv6: interfaces(
          filter("ipv6-addresses.ipv6-address", "2001:db8:0:ffff::10"),
        ),
        checked: interfaces(filter("source-dest-check", "true")),
        unchecked: interfaces(filter("source-dest-check", "false")),
        halves: [
          "getNetworkInterfaces",
          {
            filters: [
              filter(
                "network-interface-id",
                ...halves.map((half) => half.networkInterfaceId),
              ),
              filter("source-dest-check", "false"),
            ],
          },
        ],
        half0: ["getInstance", { instanceId: halves[0]?.instanceId }],
        half1: ["getInstance", { instanceId: halves[1]?.instanceId }],
        interface: ["getNetworkInterface", { id: nodes.w0.networkInterfaceId }],
        noInterface: ["getNetworkInterface", { id: "eni-0123456789abcdef0" }],
      },
    });
    results = stack.results;
  });

  test("route tables", () => {
    assert.deepEqual(results.tables?.ids, [table]);
    assert.equal(results.tables?.region, "eu-west-1");
    const all = results.tablesOfVpc?.ids as string[];
    assert.equal(all.length, 2, "and the main one");
    assert.deepEqual(results.noTables?.ids, []);
  });

  test("a route table, with the routes that somebody made", () => {
    const { routes, ...found } = results.table ?? {};
    assertHas(found, {
      id: table,
      routeTableId: table,
      vpcId: network,
      tags: { Name: "looked-up" },
    });
    const none = { instanceId: "", networkInterfaceId: "" };
    const w0 = { gatewayId: "", ...filledIn(nodes.w0) };
    const w1 = { gatewayId: "", ...filledIn(nodes.w1) };
    const expected = [
      { cidrBlock: "0.0.0.0/0", ...none, gatewayId },
      { cidrBlock: "10.210.0.0/24", ...w0 },
      { cidrBlock: "10.210.1.0/24", ...w1 },
      { ipv6CidrBlock: "2001:db8::/64", ...w0 },
    ];
    const list = routes as Record<string, unknown>[];
    assert.equal(list.length, expected.length, JSON.stringify(list));
    for (const want of expected) {
      const block = Object.values(want)[0] ?? "";
      assertHas(
        list.find((each) => Object.values(each).includes(block)),
        want,
      );
    }
    assertFails("noTable", /query returned no results/);
    assertFails("severalTables", /multiple Route Tables matched/);
  });

  test("a VPC", () => {
    const { cidrBlockAssociations: v4, ...found } = results.vpc ?? {};
    assertHas(found, {
      id: network,
      cidrBlock: own,
      default: false,
      tags: tag,
    });
    assert.deepEqual(blocks(v4, "cidrBlock"), [own]);
    const v6 = blocks(found.ipv6CidrBlockAssociations, "ipv6CidrBlock");
    assert.deepEqual(v6, [found.ipv6CidrBlock]);
    assert.match(String(v6), /^[0-9a-f:]+::\/56$/);
    assert.ok(found.mainRouteTableId !== table);
    assertFails("noVpc", /no matching EC2 VPC found/);
  });

  test("instances, the running ones unless others are asked for", () => {
    const { w0, w1, w2, w3 } = nodes;
    assertHas(results.running, {
      ids: [w0.instanceId, w1.instanceId],
      privateIps: ["172.21.1.10", "172.21.1.11"],
    });
    assertHas(results.stopped, {
      ids: [w2.instanceId, w3.instanceId],
      ...filledIn({ privateIps: ["172.21.1.12"] }),
    });
    assert.deepEqual(results.named?.ids, [w1.instanceId]);
    assert.deepEqual(results.noInstances?.ids, []);
  });

  test("an instance", () => {
    assertHas(results.w0, {
      id: nodes.w0.instanceId,
      instanceState: "running",
      privateIp: "172.21.1.10",
      secondaryPrivateIps: [],
      ipv6Addresses: ["2001:db8:0:ffff::10"],
      networkInterfaceId: nodes.w0.networkInterfaceId,
      sourceDestCheck: false,
      tags: { Name: "w0", pod_cidr: "10.210.0.0/24" },
    });
    assertHas(results.w1, {
      id: nodes.w1.instanceId,
      ipv6Addresses: [],
      sourceDestCheck: true,
    });
    assertHas(results.w3, {
      instanceState: "terminated",
      ...filledIn({ networkInterfaceId: "", privateIp: "" }),
    });
    assertFails("noInstance", /no matching EC2 Instance found/);
    assertFails("severalInstances", /multiple EC2 Instances matched/);
  });

  test("network interfaces", () => {
    const [w0, w1, w2] = [nodes.w0, nodes.w1, nodes.w2].map(
      (node) => node.networkInterfaceId,
    );
    assert.deepEqual(results.interfaces?.ids, [w0, w1, w2]);
    assert.deepEqual(results.byId?.ids, [w0, w1]);
    assert.deepEqual(results.byIp?.ids, [w2]);
    assertHas(results.byIpv6, filledIn({ ids: [w0] }));
    assert.deepEqual(results.checked?.ids, [w1]);
    assert.deepEqual(results.unchecked?.ids, [w0, w2]);
  });

  test("the source/destination check, which is off where moto has it off at one place", () => {
    const ids = halves.map((half) => half.networkInterfaceId);
    assertHas(results.halves, filledIn({ ids }));
    assertHas(results.half0, filledIn({ sourceDestCheck: false }));
    assertHas(results.half1, filledIn({ sourceDestCheck: false }));
  });

  test("a network interface", () => {
    const { attachments, ...found } = results.interface ?? {};
    assertHas(found, {
      id: nodes.w0.networkInterfaceId,
      vpcId: network,
      privateIp: "172.21.1.10",
      privateIps: ["172.21.1.10"],
      ipv6Addresses: ["2001:db8:0:ffff::10"],
    });
    assert.deepEqual(blocks(attachments, "instanceId"), [nodes.w0.instanceId]);
    assertFails("noInterface", /no matching EC2 Network Interface found/);
  });

  /** The check of the first is switched off at its interface, that of the second at the instance. */
  async function switchedOffAtOnePlace(): Promise<Node[]> {
    const node = (i: number) =>
      ec2.instance({
        subnet,
        name: "half",
        ip: `172.20.1.2${i}`,
        sourceDestCheck: true,
      });
    const [first, second] = [await node(0), await node(1)];
    const SourceDestCheck = { Value: false };
    const { networkInterfaceId: NetworkInterfaceId } = first;
    const { instanceId: InstanceId } = second;
    await ec2.client.send(
      new ModifyNetworkInterfaceAttributeCommand({
        NetworkInterfaceId,
        SourceDestCheck,
      }),
    );
    await ec2.client.send(
      new ModifyInstanceAttributeCommand({ InstanceId, SourceDestCheck }),
    );
    return [first, second];
  }

  function assertFails(name: string, message: RegExp): void {
    assert.match(String(results[name]?.error), message);
  }
});

function newStack(name: string, env: Record<string, string> = {}) {
  return new AwsStack(name, engine, { ...ec2.env, ...env }, directory).init();
}

/** What is expected where the stand-in fills a gap in moto's answers, which the official plugin shows as it is. */
function filledIn<T extends object>(expected: T): Partial<T> {
  return engine.standIns.includes("aws") ? expected : {};
}

/** The routes of a table besides those that every table has. */
async function routesOf(table: string) {
  const routes = await ec2.routes(table);
  return routes.filter(({ gatewayId }) => gatewayId !== "local");
}

function route(routeTableId: string, block: string, node: Node) {
  const { networkInterfaceId } = node;
  return block.includes(":")
    ? { routeTableId, networkInterfaceId, destinationIpv6CidrBlock: block }
    : { routeTableId, networkInterfaceId, destinationCidrBlock: block };
}

function filter(name: string, ...values: string[]) {
  return { name, values };
}

/** One property of each item of a list. */
function blocks(list: unknown, key: string): unknown[] {
  return (list as Record<string, unknown>[]).map((item) => item[key]);
}

function assertHas(
  actual: Readonly<Record<string, unknown>> | undefined,
  expected: Readonly<Record<string, unknown>>,
): void {
  const found = Object.keys(expected).map((key) => [key, actual?.[key]]);
  assert.deepEqual(Object.fromEntries(found), { ...expected });
}
