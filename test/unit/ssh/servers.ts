import assert from "node:assert/strict";
import { type AddressInfo, createServer, type Server } from "node:net";
import type { TestContext } from "node:test";
import ssh2, { type Algorithms } from "ssh2";

const { Server: SshServer } = ssh2;

/** Starts a server on this machine for as long as the test runs; returns its port. */
export async function listen(t: TestContext, server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** An SSH server that shows `keys`, and logs nobody in. */
export function sshServer(...keys: { privateKey: string }[]): Server {
  const hostKeys = keys.map(({ privateKey }) => privateKey);
  return new SshServer({ hostKeys }, (client) => {
    client.on("error", () => {});
    client.on("authentication", (context) => {
      assert.fail(`${context.username} tried to log in`);
    });
  });
}

/** An SSH server that shows this key, lets everybody in by a key, and records what is run there; every command ends with `code`. */
export function recordingServer(
  { privateKey }: { readonly privateKey: string },
  done: string[],
  code = 0,
  algorithms: Algorithms = {},
): Server {
  const hostKeys = [privateKey];
  return new SshServer({ hostKeys, algorithms }, (client) => {
    client.on("error", () => {});
    client.on("authentication", (context) =>
      context.method === "publickey" ? context.accept() : context.reject(),
    );
    client.on("session", (accept) => {
      accept().on("exec", (accept, _reject, { command }) => {
        const channel = accept();
        let input = "";
        channel.on("data", (data: Buffer) => {
          input += data;
        });
        channel.on("end", () => {
          done.push(`${command}: ${input}`);
          channel.stderr.write(code === 0 ? "" : "No space left\n");
          channel.exit(code);
          channel.end();
        });
      });
    });
  });
}

/** A port that nobody listens on. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
