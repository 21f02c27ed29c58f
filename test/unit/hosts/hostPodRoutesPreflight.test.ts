import assert from "node:assert/strict";
import { createServer } from "node:net";
import { type TestContext, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { HostPodRoutes } from "../../../components/hosts/hostPodRoutes.ts";
import { worker } from "../clusterFaults.ts";
import {
  commands,
  declare,
  engineWith,
  file,
  hostKey,
  keyPair,
  privateKey,
  record,
  unhandledRejection,
  warnings,
} from "../mockedStack.ts";
import {
  answering,
  listen,
  recordingServer,
  sshServer,
} from "../ssh/servers.ts";

const other = keyPair();
const call = engineWith();
const agent = { privateKeyFile: file("key", privateKey) };

/** Two nodes that are both reached at this machine's `port`, under two names of it. */
function cluster(port: number, ...addresses: string[]) {
  return {
    nodes: addresses.map((address, i) => ({
      ...worker(`node-${i}`, `10.240.0.2${i}`, `10.200.${i}.0/24`),
      address,
    })),
    ssh: { ...agent, port, hostKeys: { "node-0": hostKey, "node-1": hostKey } },
  };
}

const ofThisHost = { hostKeys: [privateKey] };

/** A host that lets everybody in, and on which whatever is run succeeds. */
const willing = () => recordingServer({ privateKey }, []);

/** The port of a bastion that answers for no host. */
const answeringForNone = (t: TestContext) =>
  listen(
    t,
    answering(() => false, ofThisHost),
  );

test("a host that does not answer comes last, and is warned of", async (t) => {
  const said = warnings(t);
  const port = await listen(t, willing());
  // Nobody listens on this machine's second loopback address.
  const args = cluster(port, "127.0.0.2", "127.0.0.1");
  const { registered } = await declare(args, { call });
  assert.deepEqual(Object.keys(commands(registered)), [
    "routes-node-1@127.0.0.1",
    "routes-node-0@127.0.0.2",
  ]);
  assert.equal(said.length, 1);
  assert.match(
    said[0] ?? "",
    /no answer from node-0 \(127\.0\.0\.2\): connect ECONNREFUSED/,
  );
});

test("a host that says nothing, on which the provider would wait for ever, is given a port that fails at once", async (t) => {
  warnings(t);
  const port = await listen(
    t,
    createServer(() => {}),
  );
  const args = cluster(port, "127.0.0.1", "127.0.0.2");
  const connections = async (preview: boolean) =>
    Object.values(
      commands((await declare(args, { preview, call })).registered),
    ).map(({ connection }) => [connection.host, connection.port]);
  const [up, preview] = [await connections(false), await connections(true)];
  const expected = (mute: number) => [
    ["127.0.0.1", mute],
    ["127.0.0.2", port],
  ];
  assert.deepEqual(up.sort(), expected(0));
  const asItIs = "a preview shows the connection as it is";
  assert.deepEqual(preview.sort(), expected(port), asItIs);
});

/** The same, behind a bastion of this machine. */
function behind(bastion: number, port: number, ...addresses: string[]) {
  const { nodes, ssh } = cluster(port, ...addresses);
  const hostKeys = { ...ssh.hostKeys, bastion: hostKey };
  return {
    nodes,
    ssh: {
      ...ssh,
      hostKeys,
      connectTimeout: 1,
      bastion: { host: "127.0.0.1", port: bastion },
    },
  };
}

test("a host that a bastion never answers for, on which the provider would wait for ever, is given a port that fails at once, and no bastion", async (t) => {
  const said = warnings(t);
  const port = await listen(t, willing());
  const one = answering((address) => address === "127.0.0.2", ofThisHost);
  const bastion = await listen(t, one);
  const args = behind(bastion, port, "127.0.0.1", "127.0.0.2");
  const { registered } = await declare(args, { call });
  const [mute, fine] = ["127.0.0.1", "127.0.0.2"].map((address) =>
    Object.values(commands(registered)).find(
      ({ connection }) => connection.host === address,
    ),
  );
  assert.deepEqual(
    [mute?.connection.port, mute?.connection.proxy],
    [0, undefined],
  );
  assert.deepEqual(
    [fine?.connection.port, fine?.connection.proxy?.port],
    [port, bastion],
  );
  assert.match(said[0] ?? "", /no answer from node-0 .*did not answer within/);
});

test("a bastion that answers for no host is said to, by a preview", async (t) => {
  const said = warnings(t);
  const bastion = await answeringForNone(t);
  const { registered } = await declare(
    behind(bastion, 1, "127.0.0.1", "127.0.0.2"),
    { preview: true, call },
  );
  assert.equal(Object.keys(commands(registered)).length, 2);
  assert.equal(said.length, 1);
  assert.match(
    said[0] ?? "",
    /no host can be reached: bastion 127\.0\.0\.1: it did not answer/,
  );
});

/** What ends the program that declares this, before any command is registered. */
async function failing(
  t: TestContext,
  args: ReturnType<typeof cluster>,
): Promise<string> {
  const failure = unhandledRejection(t);
  const registered = await record("", "organization", false, call);
  new HostPodRoutes("routes", args);
  const error = await failure;
  // A program that fails leaves promises behind; Pulumi complains of them unless an error was logged.
  t.mock.method(console, "error", () => {});
  pulumi.log.error("the program fails");
  assert.ok(pulumi.RunError.isInstance(error));
  assert.deepEqual(commands(registered), {});
  return (error as Error).message;
}

test("a bastion that answers for no host fails an up, before any command is registered", async (t) => {
  const bastion = await answeringForNone(t);
  const args = behind(bastion, 1, "127.0.0.1", "127.0.0.2");
  assert.match(
    await failing(t, args),
    /^no host can be reached: bastion 127\.0\.0\.1: .*; nothing was changed$/,
  );
});

test("a host with another key fails the program, before any command is registered", async (t) => {
  const port = await listen(t, sshServer(other));
  const args = cluster(port, "127.0.0.1", "127.0.0.2");
  const [first, second] = (await failing(t, args)).split("\n");
  assert.equal(first, "SSH host keys do not match; nothing was changed");
  assert.equal(
    second,
    `  - node-0 (127.0.0.1): its host key is ${other.hostKey}, expected is ${hostKey}`,
  );
});
