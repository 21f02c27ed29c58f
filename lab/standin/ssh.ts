import { connect as dialSocket } from "node:net";
import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import ssh2, {
  type ClientChannel,
  type ConnectConfig,
  type Client as SshClient,
} from "ssh2";
import { fromPkcs8 } from "../../components/ssh/pkcs8.ts";

const { Client, utils } = ssh2;

/** `connection` of a remote command, with the provider's defaults filled in. */
export interface Connection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password?: string;
  readonly privateKey?: string;
  readonly privateKeyPassword?: string;
  readonly agentSocketPath?: string;
  readonly hostKey?: string;
  readonly dialErrorLimit: number;
  readonly perDialTimeout: number;
  readonly proxy?: Endpoint;
}

type Endpoint = Omit<Connection, "proxy">;

export interface Execution {
  readonly command: string;
  readonly stdin: string;
  readonly environment: Record<string, string>;
}

export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

/** A connection as the SSH library takes it. */
interface Login {
  readonly config: ConnectConfig;
  /** The one host key that is taken, in Base64; undefined takes any. */
  readonly pinned: string | undefined;
  readonly password: string;
}

/** Connects, runs one command, and returns what it said. A failing exit status is an error that quotes the command and all its output. */
export async function execute(
  connection: Connection,
  execution: Execution,
): Promise<Output> {
  const clients: SshClient[] = [];
  try {
    const client = await dial(connection, clients);
    return await runCommand(client, execution);
  } finally {
    for (const client of clients) client.end();
  }
}

async function dial(
  connection: Connection,
  clients: SshClient[],
): Promise<SshClient> {
  const { proxy } = connection;
  const open = async (to: Login, via?: ConnectConfig["sock"]) => {
    const client = await connect(to, via);
    clients.push(client);
    return client;
  };
  const login = await prepare(connection);
  if (proxy === undefined) {
    return withRetry(connection.dialErrorLimit, () => open(login));
  }
  try {
    const jumpLogin = await prepare(proxy);
    const jump = await withRetry(proxy.dialErrorLimit, () => open(jumpLogin));
    const limit = connection.dialErrorLimit;
    const channel = await withRetry(limit, () => forward(jump, connection));
    let used = false;
    return await withRetry(limit, () => {
      if (used) {
        // the official plugin tries again on the same channel, and so hides why it was closed
        throw new Error("ssh: handshake failed: EOF");
      }
      used = true;
      return open(login, channel);
    });
  } catch (error) {
    throw new Error(`proxy: ${(error as Error).message}`);
  }
}

/** As retry.Until of the Pulumi SDK: 100 ms, then half as much again each time, at most 5 s. */
async function withRetry<T>(
  limit: number,
  attempt: () => Promise<T>,
): Promise<T> {
  let delay = 100;
  for (let failed = 0; ; failed++) {
    try {
      return await attempt();
    } catch (error) {
      if (limit >= 0 && failed + 1 > limit) {
        throw new Error(
          `after ${failed} failed attempts: ${(error as Error).message}`,
        );
      }
      await sleep(delay);
      delay = Math.min(delay * 1.5, 5000);
    }
  }
}

function forward(
  jump: SshClient,
  { host, port }: Connection,
): Promise<ClientChannel> {
  const open = promisify(jump.forwardOut.bind(jump));
  return open("127.0.0.1", 0, host, port);
}

/** Reads the keys and looks for the agent. What is wrong with these is said at once: no attempt would fix it. */
async function prepare(to: Endpoint): Promise<Login> {
  const socket = to.agentSocketPath ?? (process.env.SSH_AUTH_SOCK || undefined);
  const hostKey = to.hostKey === undefined ? undefined : readHostKey(to);
  checkPrivateKey(to);
  if (socket !== undefined) {
    await checkAgent(socket);
  }
  return {
    pinned: hostKey?.data,
    config: {
      host: to.host,
      port: to.port,
      username: to.user,
      readyTimeout: to.perDialTimeout * 1000,
      ...(hostKey && { algorithms: { serverHostKey: [hostKey.type] } }),
      ...(to.privateKey !== undefined && {
        privateKey: fromPkcs8(to.privateKey),
      }),
      ...(to.privateKeyPassword !== undefined && {
        passphrase: to.privateKeyPassword,
      }),
      ...(to.password !== undefined && {
        password: to.password,
        tryKeyboard: true,
      }),
      // public keys are offered once in a login: those of the agent are not, where there is a private key
      ...(socket !== undefined &&
        to.privateKey === undefined && { agent: socket }),
    } as ConnectConfig,
    password: to.password ?? "",
  };
}

function readHostKey({ hostKey = "" }: Endpoint) {
  const [type = "", data = ""] = hostKey.trim().split(/\s+/);
  if (utils.parseKey(`${type} ${data}`) instanceof Error) {
    throw new Error("failed to parse host key: ssh: no key found");
  }
  return { type, data };
}

function checkPrivateKey({ privateKey, privateKeyPassword }: Endpoint): void {
  if (privateKey === undefined) {
    return;
  }
  const readable = fromPkcs8(privateKey);
  const key = utils.parseKey(readable, privateKeyPassword);
  if (key instanceof Error) {
    throw new Error(`ssh: ${key.message}`);
  }
  if (
    privateKeyPassword !== undefined &&
    !(utils.parseKey(readable) instanceof Error)
  ) {
    throw new Error("ssh: not an encrypted key");
  }
}

function checkAgent(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = dialSocket(path, () => {
      socket.end();
      resolve();
    });
    socket.on("error", (error) =>
      reject(new Error(`dial unix ${path}: ${error.message}`)),
    );
  });
}

function connect(
  { config, pinned, password }: Login,
  sock: ConnectConfig["sock"],
): Promise<SshClient> {
  const client = new Client();
  return new Promise((resolve, reject) => {
    let mismatch = false;
    client.on("ready", () => resolve(client));
    client.on("error", (error) =>
      reject(
        mismatch
          ? new Error("ssh: handshake failed: ssh: host key mismatch")
          : error,
      ),
    );
    client.on("close", () => reject(new Error("ssh: handshake failed: EOF")));
    client.on(
      "keyboard-interactive",
      (_name, _instructions, _lang, prompts, finish) =>
        finish(prompts.map(() => password)),
    );
    client.connect({
      ...config,
      hostVerifier: (key: Buffer) => {
        mismatch = pinned !== undefined && key.toString("base64") !== pinned;
        return !mismatch;
      },
      ...(sock && { sock }),
    });
    // as Go's sockets are
    client.setNoDelay(true);
  });
}

function runCommand(
  client: SshClient,
  { command, stdin, environment }: Execution,
): Promise<Output> {
  return new Promise((resolve, reject) => {
    client.on("error", reject);
    client.on("close", () => reject(new Error("the connection was lost")));
    client.exec(command, { env: environment }, (error, channel) => {
      if (error) {
        reject(error);
        return;
      }
      const both: Buffer[] = [];
      const collect = (stream: NodeJS.ReadableStream) => {
        const chunks: Buffer[] = [];
        stream.on("data", (data) => chunks.push(data) && both.push(data));
        return chunks;
      };
      const [stdout, stderr] = [collect(channel), collect(channel.stderr)];
      channel.on("close", (code: number | null, signal?: string) => {
        if (code === 0) {
          resolve({
            stdout: text(stdout).replace(/\n$/, ""),
            stderr: text(stderr).replace(/\n$/, ""),
          });
        } else {
          reject(
            new Error(
              `${exitText(code, signal)}: running ${JSON.stringify(command)}:\n${text(both)}`,
            ),
          );
        }
      });
      channel.end(stdin);
    });
  });
}

function exitText(code: number | null, signal: string | undefined): string {
  if (code !== null) {
    return `Process exited with status ${code}`;
  }
  if (signal === undefined) {
    return "wait: remote command exited without exit status or exit signal";
  }
  const number = (constants.signals as Record<string, number>)[signal] ?? 0;
  return `Process exited with status ${128 + number} from signal ${signal.replace(/^SIG/, "")}`;
}

function text(chunks: readonly Buffer[]): string {
  return Buffer.concat(chunks).toString("utf8");
}
