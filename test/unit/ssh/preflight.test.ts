import assert from "node:assert/strict";
import dns from "node:dns";
import { createServer, type Server } from "node:net";
import { type TestContext, test } from "node:test";
import ssh2, { type Connection, type KexAlgorithm } from "ssh2";
import type { Endpoint, Hosts } from "../../../components/ssh/endpoints.ts";
import {
  type HostAnswer,
  preflight,
} from "../../../components/ssh/preflight.ts";
import { keyPair } from "../mockedStack.ts";
import {
  answering,
  closedPort,
  host,
  listen,
  recordingServer,
  sshServer,
} from "./servers.ts";

const [other, login] = [keyPair(), keyPair()];
const ecdsa = keyPair("ecdsa");
const installation = { command: "install", input: "a script" };

/** A port of this machine where a host with this key is expected. */
function endpoint(
  port: number,
  hostKey: string | undefined = host.hostKey,
): Endpoint {
  return { host: "127.0.0.1", port, user: "root", hostKey };
}

/** A bastion that forwards everybody to wherever they ask. */
async function bastionOf(
  t: TestContext,
  hostKey = host.hostKey,
): Promise<Endpoint> {
  const server = answering(() => true);
  return endpoint(await listen(t, server), hostKey);
}

/** A server that hangs up at once. */
const hangingUp = () => createServer((socket) => socket.end());

/** What is found of these hosts, named a, b, .... */
async function findings(
  endpoints: readonly Endpoint[],
  bastion?: Endpoint,
  toInstall?: typeof installation,
): Promise<HostAnswer[]> {
  const hosts: Hosts = {
    byNode: new Map(endpoints.map((e, i) => ["abc".charAt(i), e])),
    bastion,
    credentials: {
      privateKey: login.privateKey,
      passphrase: undefined,
      agentSocket: undefined,
    },
  };
  const found = await preflight(hosts, 5000, toInstall);
  return found.map(({ node, state, reason, atBastion }) => ({
    node,
    state,
    reason,
    ...(atBastion && { atBastion }),
  }));
}

/** What is found of these hosts when the script is to be installed on them. */
const installed = (endpoints: readonly Endpoint[], bastion?: Endpoint) =>
  findings(endpoints, bastion, installation);

const statesOf = (found: readonly HostAnswer[]) =>
  found.map(({ state }) => state);

/** A server that can be installed. */
const installable = (done: string[], code = 0): Server =>
  recordingServer(host, done, code);

const ok = (node: string) => ({ node, state: "ok", reason: "" });

for (const [what, server, hostKey, state, reason] of [
  [
    "a host that shows the expected key is fine, and is not logged into",
    sshServer(host),
    host.hostKey,
    "ok",
    "",
  ],
  [
    "a host that shows another key is named with both keys",
    sshServer(other),
    host.hostKey,
    "wrong key",
    `its host key is ${other.hostKey}, expected is ${host.hostKey}`,
  ],
  [
    "a host that has no key of the expected type has the wrong key",
    sshServer(ecdsa),
    host.hostKey,
    "wrong key",
    `it has no host key of the expected type, ${host.hostKey}`,
  ],
  [
    "with the check turned off any key is fine",
    sshServer(ecdsa),
    undefined,
    "ok",
    "",
  ],
  [
    "a host that accepts and says nothing is silent, after a while",
    createServer(() => {}),
    host.hostKey,
    "silent",
    "Timed out while waiting for handshake",
  ],
] as const) {
  test(what, async (t) => {
    const at = { ...endpoint(await listen(t, server)), hostKey };
    assert.deepEqual(await findings([at]), [{ node: "a", state, reason }]);
  });
}

test("the expected one of a host's several keys is asked for", async (t) => {
  const port = await listen(t, sshServer(ecdsa, host));
  const both = [endpoint(port), endpoint(port, ecdsa.hostKey)];
  assert.deepEqual(await findings(both), [ok("a"), ok("b")]);
});

test("the key exchange is the one that costs a host least, and any other where it has only that", async (t) => {
  const agreed: string[] = [];
  const kinds: (KexAlgorithm | undefined)[] = [
    undefined,
    "curve25519-sha256",
    "diffie-hellman-group16-sha512",
  ];
  const ends: Endpoint[] = [];
  for (const kex of kinds) {
    const server = recordingServer(host, [], 0, kex && { kex: [kex] });
    server.on("connection", (client: Connection) =>
      client.on("handshake", ({ kex }) => agreed.push(kex)),
    );
    ends.push(endpoint(await listen(t, server)));
  }
  const found = await findings(ends, undefined, { command: "", input: "" });
  assert.deepEqual(found, ["a", "b", "c"].map(ok));
  assert.deepEqual(agreed.sort(), [
    "curve25519-sha256",
    "diffie-hellman-group16-sha512",
    "ecdh-sha2-nistp256",
  ]);
});

test("a host with a closed port is unreachable, and holds up no other", async (t) => {
  const closed = await closedPort();
  const open = await listen(t, sshServer(host));
  const reason = `connect ECONNREFUSED 127.0.0.1:${closed}`;
  assert.deepEqual(await findings([endpoint(closed), endpoint(open)]), [
    { node: "a", state: "unreachable", reason },
    ok("b"),
  ]);
});

test("a host that hangs up is unreachable", async (t) => {
  const port = await listen(t, hangingUp());
  const [found] = await findings([endpoint(port)]);
  assert.equal(found?.state, "unreachable");
  assert.ok(found.reason);
});

test("hosts behind a bastion are asked through it, each for itself", async (t) => {
  const closed = await closedPort();
  const bastion = await bastionOf(t);
  const right = await listen(t, sshServer(other));
  const wrong = await listen(t, sshServer(keyPair()));
  const found = await findings(
    [right, wrong, closed].map((port) => endpoint(port, other.hostKey)),
    bastion,
  );
  assert.deepEqual(statesOf(found), ["ok", "wrong key", "unreachable"]);
  assert.match(found[2]?.reason ?? "", /^through the bastion: /);
});

test("behind a bastion with the wrong key every host has the wrong key", async (t) => {
  const bastion = await bastionOf(t, other.hostKey);
  const found = await findings([endpoint(1), endpoint(2)], bastion);
  const reason = `bastion 127.0.0.1: its host key is ${host.hostKey}, expected is ${other.hostKey}`;
  assert.deepEqual(found, [
    { node: "a", state: "wrong key", reason, atBastion: true },
    { node: "b", state: "wrong key", reason, atBastion: true },
  ]);
});

test("behind a bastion that does not answer no host is reachable", async () => {
  const closed = await closedPort();
  const reason = `bastion 127.0.0.1: connect ECONNREFUSED 127.0.0.1:${closed}`;
  assert.deepEqual(await findings([endpoint(1)], endpoint(closed)), [
    { node: "a", state: "unreachable", reason, atBastion: true },
  ]);
});

test("behind a bastion that hangs up no host is reachable", async (t) => {
  const port = await listen(t, hangingUp());
  const found = await findings([endpoint(1)], endpoint(port));
  assert.equal(found[0]?.state, "unreachable");
});

test("the script is installed over the same connection", async (t) => {
  const done: string[] = [];
  let connections = 0;
  const server = installable(done).on("connection", () => {
    connections++;
  });
  const port = await listen(t, server);
  assert.deepEqual(await installed([endpoint(port)]), [ok("a")]);
  assert.deepEqual(done, ["install: a script"]);
  assert.equal(connections, 1);
});

test("nothing is installed on any host as long as one has the wrong key", async (t) => {
  const done: string[] = [];
  const right = await listen(t, installable(done));
  const wrong = await listen(t, sshServer(other));
  const found = await installed([endpoint(right), endpoint(wrong)]);
  assert.deepEqual(statesOf(found), ["ok", "wrong key"]);
  assert.deepEqual(done, []);
});

test("a host that does not answer does not keep the script from the others", async (t) => {
  const done: string[] = [];
  const right = await listen(t, installable(done));
  const closed = await closedPort();
  const found = await installed([endpoint(closed), endpoint(right)]);
  assert.deepEqual(statesOf(found), ["unreachable", "ok"]);
  assert.deepEqual(done, ["install: a script"]);
});

for (const [what, server, reason] of [
  [
    "on which nothing can be installed is unusable, with the reason",
    () => installable([], 1),
    "No space left",
  ],
  [
    "that lets nobody in is unusable",
    () =>
      new ssh2.Server({ hostKeys: [host.privateKey] }, (client) => {
        client.on("error", () => {});
        client.on("authentication", (context) => context.reject());
      }),
    "All configured authentication methods failed",
  ],
] as const) {
  test(`a host ${what}`, async (t) => {
    const port = await listen(t, server());
    assert.deepEqual(await installed([endpoint(port)]), [
      { node: "a", state: "unusable", reason },
    ]);
  });
}

test("a host behind a bastion is installed through it", async (t) => {
  const done: string[] = [];
  const bastion = await bastionOf(t);
  const port = await listen(t, installable(done));
  assert.deepEqual(await installed([endpoint(port)], bastion), [ok("a")]);
  assert.deepEqual(done, ["install: a script"]);
});

/** Makes every name one that the resolver answers so. */
function resolving(t: TestContext, code: "ENOTFOUND" | "EAI_AGAIN"): void {
  type Answer = (error: NodeJS.ErrnoException) => void;
  t.mock.method(dns, "lookup", (name: string, _: object, answer: Answer) => {
    const error = new Error(`getaddrinfo ${code} ${name}`);
    process.nextTick(
      answer,
      Object.assign(error, { code, syscall: "getaddrinfo" }),
    );
  });
}

/** The endpoint of a host that is called so. */
const named = (name: string): Endpoint => ({
  ...endpoint(22),
  host: name,
});

test("a host whose name does not exist is told from one that is down", async (t) => {
  resolving(t, "ENOTFOUND");
  const reason = "worker.example does not exist";
  assert.deepEqual(await findings([named("worker.example")]), [
    { node: "a", state: "no such name", reason },
  ]);
});

test("a host is unreachable while the resolver does not answer", async (t) => {
  resolving(t, "EAI_AGAIN");
  const [found] = await findings([named("worker.example")]);
  assert.equal(found?.state, "unreachable");
});

test("a bastion whose name does not exist is told from one that is down", async (t) => {
  resolving(t, "ENOTFOUND");
  const [found] = await findings([endpoint(1)], named("way.out"));
  assert.equal(found?.state, "no such name");
  assert.equal(found?.atBastion, true);
});

test("nothing is installed on any host as long as the name of one does not exist", async (t) => {
  const done: string[] = [];
  const port = await listen(t, installable(done));
  resolving(t, "ENOTFOUND");
  const found = await installed([endpoint(port), named("worker.example")]);
  assert.deepEqual(statesOf(found), ["ok", "no such name"]);
  assert.deepEqual(done, []);
});
