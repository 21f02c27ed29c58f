import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import type { Connection } from "ssh2";
import { preflight } from "../../../components/ssh/preflight.ts";
import { Sessions } from "../../../components/ssh/sessions.ts";
import {
  at,
  flood,
  forged,
  growthOfMemory,
  hostsAt,
  isPlain,
  message,
  packet,
  raw,
  send,
  sendingInTheClear,
} from "./lyingSshServers.ts";
import { answering, host, lettingIn, listen, sshServer } from "./servers.ts";

const limits = { patience: 500, installation: 500, received: 256 * 1024 };
const inSession = { connectTimeout: 500, patience: 500, received: 1e6 };

/** A bastion that answers for no host. */
const answeringForNone = () => answering(() => false);

/** What is found of hosts at these ports behind a bastion. */
async function findings(bastion: number, ...ports: number[]) {
  const hosts = hostsAt(
    ports.map((port) => at(port)),
    at(bastion),
  );
  const found = await preflight(hosts, 500, undefined, limits);
  for (const { reason } of found) {
    isPlain(reason || "nothing");
  }
  return found;
}

/** Why nobody gets to a host behind a bastion. */
async function complaint(bastion: number, port = 1): Promise<string> {
  const sessions = new Sessions(inSession);
  try {
    const { message } = await sessions.to(at(port), at(bastion)).then(
      () => assert.fail("it succeeded"),
      (error: Error) => error,
    );
    isPlain(message);
    return message;
  } finally {
    await sessions.end();
  }
}

test("why a bastion does not let us through adds no line to what is said of a host", async (t) => {
  const refuse = (client: Connection) => {
    let channel = 0;
    client.on("tcpip", () =>
      send(client, message(92, channel++, 2, forged, "")),
    );
  };
  const port = await listen(t, lettingIn(refuse));
  const found = await findings(port, 1, 2);
  for (const { state, reason, atBastion } of found) {
    assert.equal(state, "unreachable");
    assert.match(reason, /^through the bastion: .*error: run this/);
    assert.equal(atBastion, undefined, "it answers, and may for others");
  }
  assert.match(await complaint(port), /through the bastion: .*error: run this/);
});

test("a text that a bastion breaks off with adds no line", async (t) => {
  const liar = sendingInTheClear(t, packet(message(1, 2, forged, "")));
  const port = await listen(t, liar);
  const [finding] = await findings(port, 1);
  assert.match(finding?.reason ?? "", /^bastion 127\.0\.0\.1: gone error/);
  assert.equal(finding?.atBastion, true);
  assert.match(await complaint(port), /^bastion 127\.0\.0\.1: gone error/);
});

test("a bastion that answers for no host is one that cannot be used", async (t) => {
  const port = await listen(t, answeringForNone());
  for (const { state, reason, atBastion } of await findings(port, 1, 2)) {
    assert.equal(atBastion, true);
    assert.equal(state, "silent");
    assert.match(reason, /^bastion 127\.0\.0\.1: .*did not answer within 1 s/);
  }
});

test("a bastion that does not answer for one host holds up no other", async (t) => {
  const open = await listen(t, sshServer(host));
  const bastion = answering((_host, to) => to === open);
  const port = await listen(t, bastion);
  const [mute, fine] = await findings(port, 1, open);
  assert.equal(mute?.state, "silent");
  assert.match(mute.reason, /the bastion did not answer within 1 s/);
  assert.equal(mute.atBastion, undefined);
  assert.equal(fine?.state, "ok");
});

test("whoever looks at a host does not wait for ever for a bastion's answer", async (t) => {
  const port = await listen(t, answeringForNone());
  assert.match(await complaint(port), /the bastion did not answer within 1 s/);
});

test("a bastion that goes away when it is asked for a host is told of", async (t) => {
  const bastion = lettingIn((client) => client.on("tcpip", () => client.end()));
  const port = await listen(t, bastion);
  const [finding] = await findings(port, 1);
  assert.equal(finding?.state, "unreachable");
  const sessions = new Sessions(inSession);
  // the second one finds no connection any more
  for (const to of [1, 2]) {
    await assert.rejects(sessions.to(at(to), at(port)), /^Error: through the/);
  }
  await sessions.end();
});

test("a bastion that takes the connection and says nothing is given up in time, and its connection is closed", async (t) => {
  const closed: Promise<unknown>[] = [];
  const server = raw(t, (socket) => {
    closed.push(new Promise((resolve) => socket.on("close", resolve)));
    // it is told that we are gone when it writes
    socket.on("end", () => flood(socket, "x"));
  });
  const port = await listen(t, server);
  const [finding] = await findings(port, 1);
  assert.equal(finding?.atBastion, true);
  assert.match(await complaint(port), /^bastion 127\.0\.0\.1: /);
  assert.equal(closed.length, 2);
  await Promise.all(closed);
});

test("a bastion that sends without end through the way to a host takes bounded memory", async (t) => {
  const bastion = lettingIn((client) =>
    client.on("tcpip", (accept) => flood(accept(), "x".repeat(1000))),
  );
  const port = await listen(t, bastion);
  const grown = await growthOfMemory(async () => {
    const [finding] = await findings(port, 1, 2, 3);
    assert.notEqual(finding?.state, "ok");
  });
  assert.ok(grown < 150, `${grown} MiB`);
});

test("the connection to a bastion has the time that is configured", async (t) => {
  const port = await deaf(t);
  const hosts = hostsAt([at(1)], at(port));
  const [finding] = await preflight(hosts, 300, undefined, {
    ...limits,
    patience: 600_000,
  });
  assert.equal(finding?.atBastion, true);
  assert.match(finding.reason, /no connection within 0\.3 s/);
});

/** A port of this machine where nobody answers, not even the kernel: all places where connections wait are taken. */
async function deaf(t: TestContext): Promise<number> {
  const listenOnce = `
    const server = require("node:net").createServer();
    server.listen(0, "127.0.0.1", 1, () => {
      require("node:fs").writeSync(1, String(server.address().port));
      process.kill(process.pid, "SIGSTOP");
    });`;
  const child = spawn(process.execPath, ["-e", listenOnce], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const [said] = await once(child.stdout, "data");
  const port = Number(String(said));
  const waiting: Socket[] = [];
  t.after(() => {
    for (const socket of waiting) {
      socket.destroy();
    }
  });
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {});
    waiting.push(socket);
    const taken = new Promise((resolve) => {
      socket.once("connect", () => resolve(true));
      setTimeout(resolve, 300, false);
    });
    if (!(await taken)) {
      return port;
    }
  }
}
