import assert from "node:assert/strict";
import { createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { formerHosts } from "../../../components/hosts/formerHosts.ts";
import type { HostPodRoutesArgs } from "../../../components/hosts/hostArgs.ts";
import { convergeCommand } from "../../../components/hosts/hostScript.ts";
import { recordedCommands } from "../../../components/hosts/recordedCommands.ts";
import { inputOf, nodes, worker } from "../clusterFaults.ts";
import {
  commands,
  declare,
  engineWith,
  file,
  hostKey,
  keyPair,
  privateKey,
  warnings,
} from "../mockedStack.ts";
import { commandsOf, wordsOf } from "../shellWords.ts";
import { closedPort, listen, sshServer } from "../ssh/servers.ts";

const type = "command:remote:Command";
const owner = "project.stack.routes";

/** The URN of a command of the component, wherever in the program that is. */
function urnOf(name: string, above = ""): string {
  return `urn:pulumi:stack::project::${above}pod-network-routes:index:HostPodRoutes$${type}::${name}`;
}

interface Place {
  readonly node?: string;
  readonly address?: string;
  readonly owner?: string;
  readonly connection?: object;
}

/** A command on a host as the engine gives it. */
function commandOn(place: Place = {}) {
  const { node: name = "gone", address = "10.240.0.99" } = place;
  const [node] = nodes({ ...worker(name, ["10.240.0.99"]), address });
  assert.ok(node);
  const stdin = inputOf(node, [], { owner: place.owner ?? owner });
  const connection = { host: address, user: "root", ...place.connection };
  const secret = {
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    value: connection,
  };
  const create = convergeCommand(false);
  return { type, outputs: { connection: secret, create, stdin, stdout: "" } };
}

const cluster = nodes(
  worker("node-0", ["10.240.0.20"]),
  worker("node-1", ["10.240.0.21"]),
);
const found = (state: Record<string, unknown>) =>
  formerHosts(recordedCommands(state, owner), cluster).map(
    ({ node, login }) => [node, login.host],
  );

const gone = urnOf("routes-gone@10.240.0.99");

test("a host in the state that is not in the inventory is a former host", () => {
  assert.deepEqual(found({ [gone]: commandOn() }), [["gone", "10.240.0.99"]]);
});

test("a host that the component set up under another name, or inside of another component, is a former host too", () => {
  const state = {
    [urnOf("old-gone@10.240.0.99")]: commandOn(),
    [urnOf("routes-lost@10.240.0.98", "my:index:Cluster$")]: commandOn({
      node: "lost",
      address: "10.240.0.98",
    }),
  };
  assert.deepEqual(found(state), [
    ["gone", "10.240.0.99"],
    ["lost", "10.240.0.98"],
  ]);
});

test("the host at the address that a node had before is a former host", () => {
  const moved = commandOn({ node: "node-0", address: "10.240.0.19" });
  const state = { [urnOf("routes-node-0@10.240.0.19")]: moved };
  assert.deepEqual(found(state), [["node-0", "10.240.0.19"]]);
});

const node0 = { node: "node-0", address: "10.240.0.20" };
const childOfNone = `urn:pulumi:stack::project::${type}::routes-gone@10.240.0.99`;
const belowAHost = urnOf("y").replace("::y", `$${type}::y`);
const ofOthers = { owner: "project.stack.others" };
const noAddress = { connection: { host: "$(reboot)" } };
const local = { ...commandOn(), type: "command:local:Command" };

for (const [what, urn, resource] of [
  [
    "a host of the inventory",
    urnOf("routes-node-0@10.240.0.20"),
    commandOn(node0),
  ],
  [
    "a host of another component",
    urnOf("others-gone@10.240.0.99"),
    commandOn(ofOthers),
  ],
  ["a command that is no child of a component", childOfNone, commandOn()],
  ["a command that a program put below a host's", belowAHost, commandOn()],
  ["another resource", gone, local],
  ["a command without outputs", gone, { type }],
  ["nothing", gone, null],
  ["a command with an address that is none", gone, commandOn(noAddress)],
] as const) {
  test(`${what} is no former host`, () => {
    assert.deepEqual(found({ [urn]: resource }), []);
  });
}

/** A cluster of one host of this machine, at a port where nobody listens. */
async function oneHost(): Promise<HostPodRoutesArgs> {
  const node = worker("node-0", "10.240.0.20", "10.200.0.0/24");
  return {
    nodes: [{ ...node, address: "127.0.0.1" }],
    ssh: {
      privateKeyFile: file("id", privateKey),
      port: await closedPort(),
      hostKeys: { "node-0": hostKey },
    },
  };
}

const urn = urnOf("routes-gone@127.0.0.1");

/** What a preview makes of a former host at this port of this machine: what it registers, and what it warns of. */
async function preview(
  t: TestContext,
  connection: object,
  args?: HostPodRoutesArgs,
) {
  const said = warnings(t);
  const place = { address: "127.0.0.1", connection };
  const call = engineWith({ [urn]: commandOn(place) });
  const declaration = { preview: true, call };
  const { registered } = await declare(args ?? (await oneHost()), declaration);
  return {
    registered: Object.keys(commands(registered)).sort(),
    said: said.filter((line) => line.includes("127.0.0.1), which is no")),
    all: registered,
  };
}

const [both, alone] = [
  ["routes-gone@127.0.0.1", "routes-node-0@127.0.0.1"],
  ["routes-node-0@127.0.0.1"],
];

test("a former host that does not answer stays declared, and is warned of with the command that gives it up", async (t) => {
  const made = await preview(t, { port: await closedPort() });
  assert.deepEqual(made.registered, both);
  assert.equal(made.said.length, 1);
  assert.match(made.said[0] ?? "", /gone \(127\.0\.0\.1\).*ECONNREFUSED/);
  assert.deepEqual(wordsOf(commandsOf(made.said[0] ?? "")), [
    ["pulumi", "state", "delete", "--stack", "stack", urn],
  ]);
});

test("a former host that takes connections and says nothing stays declared", async (t) => {
  const silent = createServer(() => {});
  const made = await preview(t, { port: await listen(t, silent) });
  assert.deepEqual(made.registered, both);
  assert.match(made.said.join(), /Timed out/);
});

test("a former host whose address another machine has by now stays declared", async (t) => {
  const port = await listen(t, sshServer(keyPair()));
  const made = await preview(t, { port, hostKey });
  assert.deepEqual(made.registered, both);
  assert.match(made.said.join(), /its host key is .*, expected is /);
});

test("a former host that answers is left to the engine, which cleans it", async (t) => {
  const port = await listen(t, sshServer({ privateKey }));
  const made = await preview(t, { port, hostKey });
  assert.deepEqual([made.registered, made.said], [alone, []]);
});

test("a former host is asked through the bastion that leads to it", async (t) => {
  const port = await listen(t, sshServer({ privateKey }));
  const bastion = { host: "127.0.0.1", port: await closedPort(), user: "root" };
  const made = await preview(t, { port, hostKey, proxy: bastion });
  assert.deepEqual(made.registered, both);
  assert.match(made.said.join(), /bastion 127\.0\.0\.1: connect ECONNREFUSED/);
});

test("a preview without a network to the hosts asks no former host", async (t) => {
  const args = await oneHost();
  args.ssh = { ...args.ssh, preflight: false };
  const made = await preview(t, { port: await closedPort() }, args);
  assert.deepEqual([made.registered, made.said], [alone, []]);
});

test("where there are organizations, the command that gives a host up names the stack with its own", async (t) => {
  const said = warnings(t);
  const place = {
    address: "127.0.0.1",
    owner: `acme.${owner}`,
    connection: { port: await closedPort() },
  };
  const call = engineWith({ [urn]: commandOn(place) });
  const declaration = { preview: true, call, organization: "acme" };
  await declare(await oneHost(), declaration);
  const [[, , , , stack] = []] = said.flatMap((line) =>
    wordsOf(commandsOf(line)),
  );
  assert.equal(stack, "acme/stack");
});
