import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { HostPodRoutes } from "../../components/hostPodRoutes";
import { listen, sshServer } from "./servers";
import {
  commands,
  declare,
  file,
  hostKey,
  keyPair,
  privateKey,
  record,
  unhandledRejection,
  warnings,
} from "./support";

const other = keyPair();
const agent = { privateKeyFile: file("key", privateKey) };

/** Two nodes that are both reached at this machine's `port`, under two names of it. */
function cluster(port: number, ...addresses: string[]) {
  return {
    nodes: addresses.map((address, i) => ({
      name: `node-${i}`,
      internalIp: `10.240.0.2${i}`,
      podCidrs: [`10.200.${i}.0/24`],
      address,
    })),
    ssh: { ...agent, port, hostKeys: { "node-0": hostKey, "node-1": hostKey } },
  };
}

test("a host that does not answer comes last, and is warned of", async (t) => {
  const said = warnings(t);
  const port = await listen(t, sshServer({ privateKey }));
  // Nobody listens on this machine's second loopback address.
  const { registered } = await declare(cluster(port, "127.0.0.2", "127.0.0.1"));
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
    Object.values(commands((await declare(args, { preview })).registered)).map(
      ({ connection }) => [connection.host, connection.port],
    );
  const [up, preview] = [await connections(false), await connections(true)];
  assert.deepEqual(up.sort(), [
    ["127.0.0.1", 0],
    ["127.0.0.2", port],
  ]);
  assert.deepEqual(
    preview.sort(),
    [
      ["127.0.0.1", port],
      ["127.0.0.2", port],
    ],
    "a preview shows the connection as it is",
  );
});

test("a host with another key fails the program, before any command is registered", async (t) => {
  const failure = unhandledRejection(t);
  const port = await listen(t, sshServer(other));
  const registered = await record();
  new HostPodRoutes("routes", cluster(port, "127.0.0.1", "127.0.0.2"));
  const error = await failure;
  // A program that fails leaves promises behind; Pulumi complains of them unless an error was logged.
  t.mock.method(console, "error", () => {});
  pulumi.log.error("the program fails");
  assert.ok(pulumi.RunError.isInstance(error));
  const [first, second] = (error as Error).message.split("\n");
  assert.equal(first, "SSH host keys do not match; nothing was changed");
  assert.equal(
    second,
    `  - node-0 (127.0.0.1): its host key is ${other.hostKey}, expected is ${hostKey}`,
  );
  assert.deepEqual(commands(registered), {});
});
