import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { connect, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import ssh2, { type Connection } from "ssh2";
import {
  compareHostKey,
  explainError,
} from "../../../components/ssh/answer.ts";
import type { Login } from "../../../components/ssh/endpoints.ts";
import { preflight } from "../../../components/ssh/preflight.ts";
import { runOn } from "../../../components/ssh/remoteCommand.ts";
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
import {
  afterInput,
  end,
  host,
  lettingIn,
  listen,
  running,
} from "./servers.ts";

const { Server: SshServer } = ssh2;

const installation = { command: "install", input: "a script" };

/** What is found of one host that is asked for its key, and has something installed. */
async function found(t: TestContext, server: Server, time = 1000) {
  const port = await listen(t, server);
  const [finding] = await preflight(hostsAt([at(port)]), 1000, installation, {
    patience: 1000,
    installation: time,
    received: 256 * 1024,
  });
  assert.ok(finding);
  isPlain(finding.reason || "nothing");
  return finding;
}

/** Runs a command on a host; returns why that failed. */
async function complaint(
  t: TestContext,
  server: Server,
  patience = 1000,
  most?: number,
): Promise<string> {
  const sessions = new Sessions();
  t.after(() => sessions.end());
  const client = await sessions.to(at(await listen(t, server)), undefined);
  const { message } = await runOn(client, "look", "", patience, most).then(
    () => assert.fail("it succeeded"),
    (error: Error) => error,
  );
  isPlain(message);
  return message;
}

test("whoever answers at a host's address and breaks off with a text adds no line to what is said of the host", async (t) => {
  const liar = sendingInTheClear(t, packet(message(1, 2, forged, "")));
  const { state, reason } = await found(t, liar);
  assert.equal(state, "unreachable");
  assert.match(reason, /^gone error: run this/);
});

test("a text that a server breaks off with is not taken for the library's word on the host key", () => {
  const error = new Error("no matching host key format");
  assert.equal(explainError(error, at(22)).state, "unreachable");
});

test("a host key without end is shown in part", () => {
  const { state, reason } = compareHostKey(
    Buffer.alloc(35_000, forged),
    at(22),
  );
  assert.equal(state, "wrong key");
  isPlain(reason);
});

test("what a command complains of adds no line", async (t) => {
  const server = () => running((channel) => end(channel, 1, forged));
  assert.match(await complaint(t, server()), /^gone error: run this/);
  const { state, reason } = await found(t, server());
  assert.equal(state, "unusable");
  assert.match(reason, /^gone error: run this/);
});

test("a command that complains without end costs the connection, and is said to have", async (t) => {
  const server = () =>
    running(({ stderr }) => flood(stderr, "x".repeat(10_000)));
  let [of, reason] = ["", ""];
  const grown = await growthOfMemory(async () => {
    of = await complaint(t, server(), 60_000);
    ({ reason } = await found(t, server()));
  });
  assert.match(of, /65536 bytes that are allowed/);
  assert.match(reason, /\d+ bytes that are allowed/);
  assert.ok(grown < 150, `${grown} MiB`);
});

test("five hosts that print without end at once take bounded memory", async (t) => {
  let connected = 0;
  const server = () =>
    running((channel) => {
      connected++;
      flood(channel, "x".repeat(30_000));
    });
  const most = 4 * 1024 ** 2;
  let said: string[] = [];
  const grown = await growthOfMemory(async () => {
    said = await Promise.all(
      Array.from({ length: 5 }, () => complaint(t, server(), 60_000, most)),
    );
  });
  assert.equal(connected, 5);
  for (const reason of said) {
    assert.match(reason, new RegExp(`${most} bytes that are allowed`));
  }
  assert.ok(grown < 200, `${grown} MiB`);
});

test("a host has as much to print as a look may need, by default", async (t) => {
  const wide = "x".repeat(1024 ** 2);
  const server = running((channel) => {
    afterInput(channel, () => end(channel));
    channel.write(wide.repeat(15));
    channel.write("ü\n");
  });
  const sessions = new Sessions();
  t.after(() => sessions.end());
  const client = await sessions.to(at(await listen(t, server)), undefined);
  const said = await runOn(client, "look", "", 60_000);
  assert.equal(said.length, 15 * wide.length + 2);
  assert.ok(said.endsWith("xü\n"));
});

for (const [what, session] of [
  ["a channel", undefined],
  ["a command", () => {}],
] as const) {
  test(`a host that never answers when asked for ${what} is given up in time`, async (t) => {
    const server = () =>
      lettingIn((client) =>
        client.on(
          "session",
          (accept) => session && accept().on("exec", session),
        ),
      );
    assert.match(await complaint(t, server(), 500), /^no answer within 0.5 s/);
    const { state, reason } = await found(t, server());
    assert.equal(state, "unusable");
    assert.match(reason, /^no answer within 1 s/);
  });
}

test("a host that answers the login with silence is given up in time", async (t) => {
  const server = () =>
    new SshServer({ hostKeys: [host.privateKey] }, (client) => {
      client.on("error", () => {});
      client.on("authentication", () => {});
    });
  assert.equal((await found(t, server())).state, "unusable");
  const port = await listen(t, server());
  const all = { connectTimeout: 500, patience: 500, received: 1e6 };
  await assert.rejects(new Sessions(all).to(at(port), undefined));
});

/** A server that says something before it lets anybody in, and then does what it is asked. */
function talkative(say: (client: Connection) => void): Server {
  const config = { hostKeys: [host.privateKey], greeting: "Hello\r\nyou" };
  return new SshServer(config, (client) => {
    client.on("error", () => {});
    client.on("authentication", (context) => {
      say(client);
      context.accept();
    });
    client.on("session", (accept) =>
      accept().on("exec", (accept) => end(accept())),
    );
  });
}

test("what a host says before the login, to be read by people, changes nothing", async (t) => {
  const banner = message(53, forged, "");
  const server = talkative((client) => send(client, banner));
  assert.equal((await found(t, server)).state, "ok");
});

test("a host that asks something which nobody offered to answer is unusable", async (t) => {
  const questions = message(60, forged, forged, "", 1, forged, true);
  const server = talkative((client) => send(client, questions));
  assert.equal((await found(t, server)).state, "unusable");
});

test("a host that wants a password typed is unusable, and nobody is asked", async (t) => {
  const tried = new Set<string>();
  const server = new SshServer({ hostKeys: [host.privateKey] }, (client) => {
    client.on("error", () => {});
    client.on("authentication", (context) => {
      tried.add(context.method);
      context.reject(["keyboard-interactive", "password"]);
    });
  });
  assert.equal((await found(t, server)).state, "unusable");
  assert.deepEqual([...tried], ["publickey"]);
});

for (const [what, say] of [
  ["an identification without end", (s: Socket) => flood(s, "x".repeat(1000))],
  ["lines without end before it", (s: Socket) => flood(s, "line\r\n")],
  ["one that comes in pieces without end", (s: Socket) => drip(s)],
  [
    "a version without end",
    (s: Socket) => {
      s.write("SSH-2.0-");
      flood(s, "x".repeat(1000));
    },
  ],
  [
    "no end of packets after it",
    (s: Socket) => {
      s.write("SSH-2.0-liar\r\n");
      flood(s, packet(message(2, "x".repeat(30_000))));
    },
  ],
] as const) {
  test(`a host that sends ${what} is given up in time, and its connection is closed`, async (t) => {
    let closed: Promise<unknown> | undefined;
    const server = raw(t, (socket) => {
      closed = new Promise((resolve) => socket.on("close", resolve));
      say(socket);
    });
    let state = "";
    const grown = await growthOfMemory(async () => {
      ({ state } = await found(t, server));
    });
    assert.match(state, /^(unreachable|silent)$/);
    assert.ok(grown < 150, `${grown} MiB`);
    await closed;
  });
}

/** Sends a letter again and again, until the connection is closed. */
function drip(socket: Socket): void {
  const timer = setInterval(() => socket.write("x"), 1);
  socket.on("close", () => clearInterval(timer));
}

test("a host that sends more than is allowed, whatever it is, is cut off", async (t) => {
  // the library reads this as a key in a time that grows with the square of its length
  const key = `-----BEGIN RSA PRIVATE KEY-----\n${"a:b\n".repeat(1000)}`;
  const request = message(80, "hostkeys-00@openssh.com", false, key);
  const server = lettingIn((client) => {
    client.on("session", () => {
      for (let sent = 0; sent < 100; sent++) {
        send(client, request);
      }
    });
  });
  const { state, reason } = await found(t, server, 60_000);
  assert.equal(state, "unusable");
  assert.match(reason, /262144 bytes that are allowed/);
});

for (const [what, algorithms] of [
  ["compresses what it sends", { compress: ["zlib@openssh.com"] }],
  [
    "chooses the group of the key exchange itself",
    { kex: ["diffie-hellman-group-exchange-sha256"] },
  ],
] as const) {
  test(`a host that ${what} is not talked to`, async (t) => {
    const server = lettingIn(() => {}, {
      algorithms: JSON.parse(JSON.stringify(algorithms)),
    });
    const { state, reason } = await found(t, server);
    assert.equal(state, "unreachable");
    assert.match(reason, /no matching/);
  });
}

test("no connection that a host leaves open keeps the program running", async (t) => {
  const willing = running((channel) => end(channel));
  const ssh = await listen(t, willing);
  const open = await listen(
    t,
    raw(t, (front) => {
      const back = connect(ssh, "127.0.0.1");
      back.on("error", () => {});
      t.after(() => back.destroy());
      front.on("data", (data) => back.write(data));
      back.on("data", (data) => front.write(data));
    }),
  );
  // what says goodbye politely is no error, and ends our half of the connection only
  const polite = sendingInTheClear(t, packet(message(1, 11, "", "")));
  const goodbye = await listen(t, polite);
  const login = at(open);
  assert.deepEqual(await inProgram("Sessions", login), { said: "" });
  assert.deepEqual(await inProgram("preflight", login), { state: "ok" });
  const { state } = await inProgram("preflight", at(goodbye));
  assert.equal(state, "silent");
});

/** What a program finds that does this with a host, once the program has ended by itself. */
async function inProgram(
  what: "Sessions" | "preflight",
  login: Login,
): Promise<{ said?: string; state?: string }> {
  const program = join(import.meta.dirname, "endingProgram.ts");
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [program, what, JSON.stringify(login)],
    { cwd: join(import.meta.dirname, "../../.."), timeout: 30_000 },
  );
  return JSON.parse(stdout);
}
