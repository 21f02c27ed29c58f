import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { nodes, worker } from "../clusterFaults.ts";
import { keyPair } from "../mockedStack.ts";
import { closedPort } from "../ssh/servers.ts";
import {
  checked,
  columns,
  commandOf,
  commandServer,
  componentOf,
} from "./verifyFixtures.ts";

const { privateKey, hostKey } = keyPair();

/** The port of a host on which every command fails with this message. */
const failing = (t: TestContext, stderr: string) =>
  commandServer(t, privateKey, () => ({ stderr }));

/** The findings about node-0 of {@link commandOf}, at this port, if the component wants these nodes. */
async function found(
  port: number,
  wanted: ReturnType<typeof nodes>,
  verb: "up" | "destroy" = "up",
) {
  const connection = {
    host: "127.0.0.1",
    port,
    user: "ops",
    privateKey,
    hostKey,
  };
  return checked([componentOf(wanted)], [commandOf({ connection })], verb);
}

const gone = nodes(worker("node-1", ["10.240.0.21"], "10.200.1.0/24"));
const here = [
  ...nodes(worker("node-0", ["10.240.0.20"], "10.200.0.0/24")),
  ...gone,
];

test("a host on which verify may not look is reported with the reason and a hint", async (t) => {
  const port = await failing(t, "sudo: a password is required\n");
  const { hosts } = await found(port, here);
  assert.equal(hosts[0]?.unreachable, undefined);
  assert.match(
    hosts[0]?.unlooked ?? "",
    /^sudo: a password is required; .*ops.*docs\/hosts\.md/,
  );
});

test("another reason why a host cannot be looked at is reported as it is", async (t) => {
  const { hosts } = await found(await failing(t, "no such shell"), here);
  assert.equal(hosts[0]?.unlooked, "no such shell");
});

test("a host that does not answer is unreachable", async () => {
  const { hosts } = await found(await closedPort(), here);
  assert.ok(hosts[0]?.unreachable);
  assert.equal(hosts[0]?.unlooked, undefined);
});

const again = "pulumi up --stack prod";
const forget =
  "pulumi state delete --stack prod urn:pulumi:prod::p::Command::routes-node-0";

test("a host that is no longer wanted is cleaned by an update, or forgotten if it does not answer", async (t) => {
  const port = await failing(t, "");
  const answering = await found(port, gone);
  const [host, absent] = answering.hosts;
  assert.deepEqual(columns(host?.findings, "kind", "fix"), [
    ["removed", again],
  ]);
  assert.deepEqual(columns(absent?.findings, "kind", "subject", "fix"), [
    ["state", "node-1", again],
  ]);
  const dead = await found(await closedPort(), gone);
  assert.equal(dead.hosts[0]?.unreachable, undefined);
  assert.deepEqual(columns(dead.hosts[0]?.findings, "kind", "fix"), [
    ["removed", `${forget} && ${again}`],
  ]);
  assert.deepEqual(dead.pings.left, []);
});

test("after an unfinished destroy the remaining hosts have to be cleaned, and none is missing", async () => {
  const { hosts, pings } = await found(await closedPort(), here, "destroy");
  assert.deepEqual(pings.left, []);
  assert.deepEqual(
    hosts.map(({ node, findings }) => [node, findings.map((f) => f.fix)]),
    [["node-0", [`${forget} && pulumi destroy --stack prod`]]],
  );
});
