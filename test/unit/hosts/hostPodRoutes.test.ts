import assert from "node:assert/strict";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import type { HostPodRoutesArgs } from "../../../components/hosts/hostArgs.ts";
import { HostPodRoutes } from "../../../components/hosts/hostPodRoutes.ts";
import {
  convergeCommand,
  removeCommand,
} from "../../../components/hosts/hostScript.ts";
import { worker } from "../clusterFaults.ts";
import {
  cluster,
  commands,
  declare,
  facts,
  hostKey,
  privateKey,
  record,
  value,
  warnings,
} from "../mockedStack.ts";

const names = {
  server: "routes-server@10.240.0.10",
  node0: "routes-node-0@10.240.0.20",
  node1: "routes-node-1@10.240.0.21",
};

/** The commands of a component with these arguments, all of them registered. */
async function commandsOf(args: HostPodRoutesArgs, organization?: string) {
  return commands((await declare(args, { organization })).registered);
}

/** The command on node-0 of a component with these arguments in place of the usual ones. */
async function node0With(args: Partial<HostPodRoutesArgs>) {
  return (await commandsOf({ ...cluster, ...args }))[names.node0];
}

/** The command on node-0 of a component with these arguments for SSH besides the usual ones. */
const node0WithSsh = (ssh: HostPodRoutesArgs["ssh"]) =>
  node0With({ ssh: { ...cluster.ssh, ...ssh } });

/** The line that names the owner, in an organization. */
const ownerIn = async (organization?: string) =>
  facts((await commandsOf(cluster, organization))[names.node0]?.stdin)[0];

test("a host has one command, named after the component, its node and its address", async () => {
  const { registered } = await declare(cluster);
  assert.deepEqual(
    registered.map(({ type, name }) => [type, name]),
    [
      ["pod-network-routes:index:HostPodRoutes", "routes"],
      ["pulumi:index:Stash", "routes-owner"],
      ...Object.values(names).map((name) => ["command:remote:Command", name]),
    ],
  );
});

test("a command is told exactly how to reach its host, what to run there and on what input", async () => {
  const { [names.node0]: command } = await commandsOf(cluster);
  assert.ok(command);
  const { stdin, ...inputs } = command;
  assert.deepEqual(inputs, {
    connection: {
      host: "10.240.0.20",
      port: 22,
      user: "root",
      hostKey,
      privateKey,
      perDialTimeout: 5,
      dialErrorLimit: 3,
    },
    create: convergeCommand(false),
    delete: removeCommand("project.stack.routes", false),
    addPreviousOutputInEnv: false,
    logging: "none",
  });
  assert.deepEqual(facts(stdin), [
    "owner project.stack.routes",
    "node node-0 10.240.0.20",
    "adopt no",
    "heal 10",
    "forward 4",
    "route 10.200.1.0/24 via 10.240.0.21",
  ]);
});

test("the connection is a secret, for it holds the private key", async () => {
  const { registered } = await declare(cluster);
  const all = registered.filter(({ type }) => type.startsWith("command:"));
  assert.equal(all.length, 3);
  for (const { inputs } of all) {
    assert.ok(pulumi.runtime.isRpcSecret(inputs.connection));
    const { connection, ...rest } = inputs;
    assert.doesNotMatch(JSON.stringify(rest), /PRIVATE KEY/);
  }
});

test("a controller has all routes, and names the workers in /etc/hosts", async () => {
  const { [names.server]: command } = await commandsOf(cluster);
  assert.deepEqual(facts(command?.stdin), [
    "owner project.stack.routes",
    "node server 10.240.0.10",
    "adopt no",
    "heal 10",
    "forward 4",
    "route 10.200.0.0/24 via 10.240.0.20",
    "route 10.200.1.0/24 via 10.240.0.21",
    "hosts 10.240.0.20 node-0",
    "hosts 10.240.0.21 node-1",
  ]);
});

for (const [key, word, other] of [
  ["controllerRoutes", "route", "hosts"],
  ["controllerHosts", "hosts", "route"],
] as const) {
  test(`${key}: false takes the ${word} lines from the controller, and nothing else from any host`, async () => {
    const usual = await commandsOf(cluster);
    const { [names.server]: server, ...others } = await commandsOf({
      ...cluster,
      [key]: false,
    });
    assert.deepEqual(
      facts(server?.stdin),
      facts(usual[names.server]?.stdin).filter(
        (l) => !l.startsWith(`${word} `),
      ),
    );
    assert.ok(facts(server?.stdin).some((l) => l.startsWith(`${other} `)));
    const { [names.server]: _, ...usualOthers } = usual;
    assert.deepEqual(others, usualOthers);
  });
}

test("hostRoutes: false takes the routes from every host, and nothing else", async () => {
  const usual = await commandsOf(cluster);
  const without = await commandsOf({ ...cluster, hostRoutes: false });
  for (const name of Object.values(names)) {
    const lines = facts(usual[name]?.stdin);
    assert.deepEqual(
      facts(without[name]?.stdin),
      lines.filter((line) => !line.startsWith("route ")),
    );
    assert.ok(lines.includes("forward 4"));
  }
});

test("adoptExisting, healInterval and owner reach the host", async () => {
  const given = { adoptExisting: true, healInterval: 60, owner: "us" };
  const command = await node0With(given);
  assert.deepEqual(facts(command?.stdin).slice(0, 4), [
    "owner us",
    "node node-0 10.240.0.20",
    "adopt yes",
    "heal 60",
  ]);
});

test("an owner is never longer than the script on the hosts takes, and long ones stay different", async () => {
  const long = "o".repeat(300);
  const one = (await ownerIn(long)) ?? "";
  const other = await ownerIn(`${long}2`);
  assert.match(one, /^owner [A-Za-z0-9._-]{1,200}$/);
  assert.notEqual(one, other);
  assert.match((await ownerIn("-odd")) ?? "", /^owner _odd\./);
});

test("the owner begins with the organization, where the backend has one", async () => {
  const usual = "project.stack.routes";
  assert.equal(await ownerIn("acme corp"), `owner acme_corp.${usual}`);
  assert.equal(await ownerIn("organization"), `owner ${usual}`);
});

test("a user other than root runs the commands with sudo", async () => {
  const command = await node0WithSsh({ user: "ubuntu" });
  assert.equal(command?.connection.user, "ubuntu");
  assert.equal(command?.create, convergeCommand(true));
  assert.equal(command?.delete, removeCommand("project.stack.routes", true));
});

for (const [user, sudo] of [
  ["root", true],
  ["ubuntu", false],
] as const) {
  test(`sudo: ${sudo} is heeded for ${user}`, async () => {
    const command = await node0WithSsh({ user, sudo });
    assert.equal(command?.create, convergeCommand(sudo));
  });
}

test("a bastion is jumped through, with the same key and its own address, port and user", async () => {
  const command = await node0WithSsh({
    hostKeys: { bastion: "ssh-ed25519 AAAAbastion" },
    bastion: { host: "192.0.2.1", port: 2222, user: "jump" },
  });
  assert.deepEqual(command?.connection.proxy, {
    host: "192.0.2.1",
    port: 2222,
    user: "jump",
    hostKey: "ssh-ed25519 AAAAbastion",
    privateKey,
    perDialTimeout: 5,
    dialErrorLimit: 10,
  });
  assert.equal(command?.connection.dialErrorLimit, 3);
  assert.equal(command?.connection.host, "10.240.0.20");
});

test("a bastion is logged into as the hosts' user unless told otherwise", async () => {
  const bastion = { host: "192.0.2.1" };
  const command = await node0WithSsh({ user: "ubuntu", bastion });
  assert.equal(command?.connection.proxy?.user, "ubuntu");
  assert.equal(command?.connection.proxy?.hostKey, hostKey);
});

test("port, attempts, timeout and agent socket reach the connection", async () => {
  const command = await node0With({
    ssh: {
      preflight: false,
      agentSocket: "/run/agent",
      port: 2222,
      connectTimeout: 7,
      connectAttempts: 8,
      hostKeys: { server: hostKey, "node-0": hostKey, "node-1": hostKey },
    },
  });
  assert.deepEqual(command?.connection, {
    host: "10.240.0.20",
    port: 2222,
    user: "root",
    hostKey,
    agentSocketPath: "/run/agent",
    perDialTimeout: 7,
    dialErrorLimit: 8,
  });
});

test("hostKeyCheck: false pins no key, and warns", async (t) => {
  const said = warnings(t);
  const ssh = { ...cluster.ssh, hostKeyCheck: false };
  const all = Object.values(await commandsOf({ ...cluster, ssh }));
  assert.equal(all.length, 3);
  for (const { connection } of all) {
    assert.ok(!("hostKey" in connection));
  }
  assert.equal(said.length, 1);
  assert.match(said[0] ?? "", /ssh\.hostKeyCheck is off: whoever answers/);
});

test("nodes in different subnets are warned of, for which an overlay is the way out", async (t) => {
  const said = warnings(t);
  const nodeSubnets = ["10.240.0.0/28", "10.240.0.16/28"];
  await commandsOf({ ...cluster, nodeSubnets });
  assert.equal(said.length, 1);
  assert.match(said[0] ?? "", / is in 10\.240\.0\.\S+ and .*target flannel/);
});

test("with the host keys checked there is nothing to warn of", async (t) => {
  const said = warnings(t);
  await commandsOf(cluster);
  assert.deepEqual(said, []);
});

test("the outputs are the plan", async () => {
  const { component } = await declare(cluster);
  const table = [
    { destination: "10.200.0.0/24", nextHop: "10.240.0.20", node: "node-0" },
    { destination: "10.200.1.0/24", nextHop: "10.240.0.21", node: "node-1" },
  ];
  assert.deepEqual(await value(component.routeTable), table);
  assert.equal(
    await value(component.routeTableText),
    "10.200.0.0/24 via 10.240.0.20 # node-0\n10.200.1.0/24 via 10.240.0.21 # node-1",
  );
  assert.match(await value(component.diagram), /^flowchart LR\n/);
});

test("the inputs are what each host is to have, so that a state says it before any host is changed", async () => {
  const { registered } = await declare({ ...cluster, controllerHosts: false });
  const node = (role: string, ip: string, ...podCidrs: string[]) => ({
    role,
    address: ip,
    internalIp: [ip],
    podCidrs,
  });
  assert.deepEqual(registered[0]?.inputs, {
    nodes: {
      server: node("controller", "10.240.0.10"),
      "node-0": node("worker", "10.240.0.20", "10.200.0.0/24"),
      "node-1": node("worker", "10.240.0.21", "10.200.1.0/24"),
    },
    hostRoutes: true,
    controllerRoutes: true,
    controllerHosts: false,
    healInterval: 10,
  });
});

test("the outputs hold no secret", async () => {
  const { component } = await declare(cluster);
  const { routeTable, routeTableText, diagram, persistence } = component;
  for (const output of [routeTable, routeTableText, diagram, persistence]) {
    assert.equal(
      await pulumi.isSecret(output as pulumi.Output<unknown>),
      false,
    );
  }
});

test("what each host said about persistence is an output, and hosts without systemd are warned of once", async (t) => {
  const said = warnings(t);
  const stdout = "routes: 2\npersistence: none\n";
  const { component } = await declare(cluster, { stdout });
  const none = cluster.nodes.map(({ name }) => [name, "none"]);
  assert.deepEqual(
    await value(component.persistence),
    Object.fromEntries(none),
  );
  assert.equal(said.length, 1);
  assert.match(said[0] ?? "", /without systemd: server, node-0, node-1;/);
});

test("a host that said nothing about persistence is unknown", async () => {
  const { component } = await declare(cluster, { stdout: "" });
  assert.equal((await value(component.persistence))["node-0"], "unknown");
});

test("the name of a command is the node's and its address's, whatever else there is", async () => {
  const [server, node0, node1] = cluster.nodes;
  const usual = await commandsOf(cluster);
  const shuffled = await commandsOf({
    ...cluster,
    nodes: [node1, server, node0].flatMap((node) => node ?? []),
  });
  assert.deepEqual(shuffled, usual);
});

test("a host at a new address has a command of a new name, so that the old one is cleaned", async () => {
  const moved = await commandsOf({
    ...cluster,
    nodes: cluster.nodes.map((node) =>
      node.name === "node-0" ? { ...node, address: "192.0.2.20" } : node,
    ),
  });
  assert.deepEqual(Object.keys(moved), [
    names.server,
    "routes-node-0@192.0.2.20",
    names.node1,
  ]);
});

test("an IPv6 address stands in a name without colons, which URNs do not bear well", async () => {
  const all = await commandsOf({
    ...cluster,
    nodes: [worker("six", "fd00::20", "fd00:200::/64")],
  });
  assert.deepEqual(Object.keys(all), ["routes-six@fd00__20"]);
});

test("bad arguments are one error that names all of them, and nothing is registered", async () => {
  const registered = await record();
  const bad = {
    ...cluster,
    nodes: [
      ...cluster.nodes,
      worker("Node_2", "10.240.0.20", "10.200.0.1/24"),
      worker("node-3", "10.240.0.20", "10.200.0.0/25"),
    ],
    serviceCidrs: ["10.32.0.0"],
    healInterval: 0,
    ssh: { ...cluster.ssh, privateKeyFile: "/nowhere", port: 0 },
    heelInterval: 1,
  };
  assert.throws(
    () => new HostPodRoutes("routes", bad),
    (error) => {
      assert.ok(pulumi.InputPropertiesError.isInstance(error));
      const { errors, message } = error as pulumi.InputPropertiesError;
      assert.deepEqual(errors?.map(({ propertyPath }) => propertyPath).sort(), [
        "healInterval",
        "heelInterval",
        "nodes[3].name",
        "nodes[3].podCidrs[0]",
        "nodes[4]",
        "nodes[4]",
        "nodes[4]",
        "serviceCidrs[0]",
        "ssh.port",
      ]);
      assert.deepEqual(
        message.split("\n").slice(1),
        errors?.map((e) => `  - ${e.propertyPath}: ${e.reason}`),
      );
      return true;
    },
  );
  assert.deepEqual(registered, []);
});
