import assert from "node:assert/strict";
import { type AddressInfo, createServer, type Server } from "node:net";
import type { TestContext } from "node:test";
import { Server as SshServer } from "ssh2";

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
