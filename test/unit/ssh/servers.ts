import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import type { TestContext } from "node:test";
import ssh2, {
  type Algorithms,
  type Connection,
  type ServerChannel,
  type ServerConfig,
} from "ssh2";
import { keyPair } from "../mockedStack.ts";

const { Server: SshServer } = ssh2;

/** Starts a server on this machine for as long as the test runs; returns its port. */
export async function listen(t: TestContext, server: Server): Promise<number> {
  await once(server.listen(0, "127.0.0.1"), "listening");
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

/** The key of the servers below, where they are given no other. */
export const host = keyPair();

/** An SSH server that lets everybody in by a key, and then does this. */
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

/** An SSH server that lets everybody in, and does this with the channel of each command. */
export function running(
  exec: (channel: ServerChannel, command: string) => void,
  config?: Partial<ServerConfig>,
): Server {
  return lettingIn((client) => {
    client.on("session", (accept) => {
      accept().on("exec", (accept, _, { command }) => exec(accept(), command));
    });
  }, config);
}

/** Ends a command with this exit code, and what it complains of. */
export function end(channel: ServerChannel, code = 0, complaint = ""): void {
  channel.stderr.write(complaint);
  channel.exit(code);
  channel.end();
}

/** Calls `then` with the standard input of a command, once it is complete. */
export function afterInput(
  channel: ServerChannel,
  then: (input: string) => void,
): void {
  let input = "";
  channel.on("data", (data: Buffer) => {
    input += data;
  });
  channel.on("end", () => then(input));
}

/** An SSH server that shows this key, lets everybody in by a key, and records what is run there; every command ends with `code`. */
export function recordingServer(
  { privateKey }: { readonly privateKey: string },
  done: string[],
  code = 0,
  algorithms: Algorithms = {},
): Server {
  return running(
    (channel, command) =>
      afterInput(channel, (input) => {
        done.push(`${command}: ${input}`);
        end(channel, code, code === 0 ? "" : "No space left\n");
      }),
    { hostKeys: [privateKey], algorithms },
  );
}

/** A bastion that answers when it is asked for some hosts, and never when asked for others. */
export function answering(
  forAddress: (host: string, port: number) => boolean,
  config?: Partial<ServerConfig>,
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

/** A port that nobody listens on. */
export async function closedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
