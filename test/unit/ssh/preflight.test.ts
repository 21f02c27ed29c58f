import assert from "node:assert/strict";
import dns from "node:dns";
import { connect, createServer, type Server } from "node:net";
import { type TestContext, test } from "node:test";
import ssh2, {
  type Algorithms,
  type Connection,
  type KexAlgorithm,
} from "ssh2";
import type { Endpoint, Hosts } from "../../../components/ssh/endpoints.ts";
import type { Installation } from "../../../components/ssh/installation.ts";
import { type Finding, preflight } from "../../../components/ssh/preflight.ts";
import { keyPair } from "../mockedStack.ts";
import { closedPort, listen, recordingServer, sshServer } from "./servers.ts";

const { Server: SshServer } = ssh2;

const [host, other, login] = [keyPair(), keyPair(), keyPair()];
const ecdsa = keyPair("ecdsa");

/** An SSH server that logs `login` in, and forwards it to wherever it asks. */
function bastionServer(): Server {
  const hostKeys = [host.privateKey];
  return new SshServer({ hostKeys }, (client) => {
    client.on("error", () => {});
    client.on("authentication", (context) =>
      context.method === "publickey" ? context.accept() : context.reject(),
    );
    client.on("tcpip", (accept, reject, { destIP, destPort }) => {
      const socket = connect(destPort, destIP);
      socket.on("error", () => reject());
      socket.on("connect", () => {
        const channel = accept();
        channel.on("error", () => {});
        socket.pipe(channel).pipe(socket);
      });
    });
  });
}

function endpoint(port: number, hostKey: string | undefined): Endpoint {
  return { host: "127.0.0.1", port, user: "root", hostKey };
}

/** What is found of these hosts, named a, b, ... */
async function findings(
  endpoints: Endpoint[],
  bastion?: Endpoint,
  installation?: Installation,
): Promise<Finding[]> {
  const hosts: Hosts = {
    byNode: new Map(endpoints.map((e, i) => ["abc".charAt(i), e])),
    bastion,
    credentials: {
      privateKey: login.privateKey,
      passphrase: undefined,
      agentSocket: undefined,
    },
  };
  const found = await preflight(hosts, 5000, installation);
  return found.map(({ node, state, reason, atBastion }) => ({
    node,
    state,
    reason,
    ...(atBastion && { atBastion }),
  }));
}

/** A server that can be installed, with the key of {@link host}. */
const installable = (
  done: string[],
  code = 0,
  algorithms: Algorithms = {},
): Server => recordingServer(host, done, code, algorithms);

const ok = (node: string) => ({ node, state: "ok", reason: "" });

test("a host that shows the expected key is fine, and is not logged into", async (t) => {
  const port = await listen(t, sshServer(host));
  assert.deepEqual(await findings([endpoint(port, host.hostKey)]), [ok("a")]);
});

test("the expected one of a host's several keys is asked for", async (t) => {
  const port = await listen(t, sshServer(ecdsa, host));
  const both = [endpoint(port, host.hostKey), endpoint(port, ecdsa.hostKey)];
  assert.deepEqual(await findings(both), [ok("a"), ok("b")]);
});

test("a host that shows another key is named with both keys", async (t) => {
  const port = await listen(t, sshServer(other));
  assert.deepEqual(await findings([endpoint(port, host.hostKey)]), [
    {
      node: "a",
      state: "wrong key",
      reason: `its host key is ${other.hostKey}, expected is ${host.hostKey}`,
    },
  ]);
});

test("a host that has no key of the expected type has the wrong key", async (t) => {
  const port = await listen(t, sshServer(ecdsa));
  assert.deepEqual(await findings([endpoint(port, host.hostKey)]), [
    {
      node: "a",
      state: "wrong key",
      reason: `it has no host key of the expected type, ${host.hostKey}`,
    },
  ]);
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
    const server = installable([], 0, kex && { kex: [kex] });
    server.on("connection", (client: Connection) =>
      client.on("handshake", ({ kex }) => agreed.push(kex)),
    );
    ends.push(endpoint(await listen(t, server), host.hostKey));
  }
  const found = await findings(ends, undefined, { command: "", input: "" });
  assert.deepEqual(found, ["a", "b", "c"].map(ok));
  assert.deepEqual(agreed.sort(), [
    "curve25519-sha256",
    "diffie-hellman-group16-sha512",
    "ecdh-sha2-nistp256",
  ]);
});

test("with the check turned off any key is fine", async (t) => {
  const port = await listen(t, sshServer(ecdsa));
  assert.deepEqual(await findings([endpoint(port, undefined)]), [ok("a")]);
});

test("a host with a closed port is unreachable, and holds up no other", async (t) => {
  const closed = await closedPort();
  const open = await listen(t, sshServer(host));
  const ports = [closed, open].map((port) => endpoint(port, host.hostKey));
  assert.deepEqual(await findings(ports), [
    {
      node: "a",
      state: "unreachable",
      reason: `connect ECONNREFUSED 127.0.0.1:${closed}`,
    },
    ok("b"),
  ]);
});

test("a host that hangs up is unreachable", async (t) => {
  const port = await listen(
    t,
    createServer((socket) => socket.end()),
  );
  const [found] = await findings([endpoint(port, host.hostKey)]);
  assert.equal(found?.state, "unreachable");
  assert.ok(found.reason);
});

test("a host that accepts and says nothing is silent, after a while", async (t) => {
  const port = await listen(
    t,
    createServer(() => {}),
  );
  assert.deepEqual(await findings([endpoint(port, host.hostKey)]), [
    {
      node: "a",
      state: "silent",
      reason: "Timed out while waiting for handshake",
    },
  ]);
});

test("hosts behind a bastion are asked through it, each for itself", async (t) => {
  const closed = await closedPort();
  const bastion = endpoint(await listen(t, bastionServer()), host.hostKey);
  const right = await listen(t, sshServer(other));
  const wrong = await listen(t, sshServer(keyPair()));
  const found = await findings(
    [right, wrong, closed].map((port) => endpoint(port, other.hostKey)),
    bastion,
  );
  assert.deepEqual(
    found.map(({ state }) => state),
    ["ok", "wrong key", "unreachable"],
  );
  assert.match(found[2]?.reason ?? "", /^through the bastion: /);
});

test("behind a bastion with the wrong key every host has the wrong key", async (t) => {
  const bastion = endpoint(await listen(t, bastionServer()), other.hostKey);
  const found = await findings(
    [endpoint(1, host.hostKey), endpoint(2, host.hostKey)],
    bastion,
  );
  const reason = `bastion 127.0.0.1: its host key is ${host.hostKey}, expected is ${other.hostKey}`;
  assert.deepEqual(found, [
    { node: "a", state: "wrong key", reason, atBastion: true },
    { node: "b", state: "wrong key", reason, atBastion: true },
  ]);
});

test("behind a bastion that does not answer no host is reachable", async () => {
  const closed = await closedPort();
  const found = await findings(
    [endpoint(1, host.hostKey)],
    endpoint(closed, host.hostKey),
  );
  assert.deepEqual(found, [
    {
      node: "a",
      state: "unreachable",
      reason: `bastion 127.0.0.1: connect ECONNREFUSED 127.0.0.1:${closed}`,
      atBastion: true,
    },
  ]);
});

test("behind a bastion that hangs up no host is reachable", async (t) => {
  const port = await listen(
    t,
    createServer((socket) => socket.end()),
  );
  const found = await findings(
    [endpoint(1, host.hostKey)],
    endpoint(port, host.hostKey),
  );
  assert.equal(found[0]?.state, "unreachable");
});

const installation = { command: "install", input: "a script" };

test("the script is installed over the same connection", async (t) => {
  const done: string[] = [];
  let connections = 0;
  const server = installable(done).on("connection", () => {
    connections++;
  });
  const port = await listen(t, server);
  const [found] = await findings(
    [endpoint(port, host.hostKey)],
    undefined,
    installation,
  );
  assert.deepEqual(found, ok("a"));
  assert.deepEqual(done, ["install: a script"]);
  assert.equal(connections, 1);
});

test("nothing is installed on any host as long as one has the wrong key", async (t) => {
  const done: string[] = [];
  const right = await listen(t, installable(done));
  const wrong = await listen(t, sshServer(other));
  const found = await findings(
    [right, wrong].map((port) => endpoint(port, host.hostKey)),
    undefined,
    installation,
  );
  assert.deepEqual(
    found.map(({ state }) => state),
    ["ok", "wrong key"],
  );
  assert.deepEqual(done, []);
});

test("a host that does not answer does not keep the script from the others", async (t) => {
  const done: string[] = [];
  const right = await listen(t, installable(done));
  const found = await findings(
    [await closedPort(), right].map((port) => endpoint(port, host.hostKey)),
    undefined,
    installation,
  );
  assert.deepEqual(
    found.map(({ state }) => state),
    ["unreachable", "ok"],
  );
  assert.deepEqual(done, ["install: a script"]);
});

test("a host on which nothing can be installed is unusable, with the reason", async (t) => {
  const port = await listen(t, installable([], 1));
  const found = await findings(
    [endpoint(port, host.hostKey)],
    undefined,
    installation,
  );
  assert.deepEqual(found, [
    { node: "a", state: "unusable", reason: "No space left" },
  ]);
});

test("a host that lets nobody in is unusable", async (t) => {
  const server = new SshServer({ hostKeys: [host.privateKey] }, (client) => {
    client.on("error", () => {});
    client.on("authentication", (context) => context.reject());
  });
  const port = await listen(t, server);
  const found = await findings(
    [endpoint(port, host.hostKey)],
    undefined,
    installation,
  );
  assert.deepEqual(found, [
    {
      node: "a",
      state: "unusable",
      reason: "All configured authentication methods failed",
    },
  ]);
});

test("a host behind a bastion is installed through it", async (t) => {
  const done: string[] = [];
  const bastion = endpoint(await listen(t, bastionServer()), host.hostKey);
  const port = await listen(t, installable(done));
  const found = await findings(
    [endpoint(port, host.hostKey)],
    bastion,
    installation,
  );
  assert.deepEqual(found, [ok("a")]);
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
  ...endpoint(22, host.hostKey),
  host: name,
});

test("a host whose name does not exist is told from one that is down", async (t) => {
  resolving(t, "ENOTFOUND");
  assert.deepEqual(await findings([named("worker.example")]), [
    {
      node: "a",
      state: "no such name",
      reason: "worker.example does not exist",
    },
  ]);
});

test("a host is unreachable while the resolver does not answer", async (t) => {
  resolving(t, "EAI_AGAIN");
  const [found] = await findings([named("worker.example")]);
  assert.equal(found?.state, "unreachable");
});

test("a bastion whose name does not exist is told from one that is down", async (t) => {
  resolving(t, "ENOTFOUND");
  const [found] = await findings([endpoint(1, host.hostKey)], named("way.out"));
  assert.equal(found?.state, "no such name");
  assert.equal(found?.atBastion, true);
});

test("nothing is installed on any host as long as the name of one does not exist", async (t) => {
  const done: string[] = [];
  const port = await listen(t, installable(done));
  resolving(t, "ENOTFOUND");
  const found = await findings(
    [endpoint(port, host.hostKey), named("worker.example")],
    undefined,
    installation,
  );
  assert.deepEqual(
    found.map(({ state }) => state),
    ["ok", "no such name"],
  );
  assert.deepEqual(done, []);
});
