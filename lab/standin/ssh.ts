import { Client, type ClientChannel, type ConnectConfig } from "ssh2";

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
  readonly proxy?: Omit<Connection, "proxy">;
}

export interface Execution {
  readonly command: string;
  readonly stdin: string;
  readonly environment: Record<string, string>;
}

export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

/** Connects, runs one command, and returns what it said. A failing exit status is an error that quotes the command and all its output. */
export async function execute(
  connection: Connection,
  execution: Execution,
): Promise<Output> {
  const clients: Client[] = [];
  try {
    const client = await dial(connection, clients);
    return await runCommand(client, execution);
  } finally {
    for (const client of clients) client.end();
  }
}

async function dial(
  connection: Connection,
  clients: Client[],
): Promise<Client> {
  const { proxy } = connection;
  const open = async (
    to: Omit<Connection, "proxy">,
    via?: ConnectConfig["sock"],
  ) => {
    const client = await connect(to, via);
    clients.push(client);
    return client;
  };
  if (proxy === undefined) {
    return withRetry(connection.dialErrorLimit, () => open(connection));
  }
  try {
    const jump = await withRetry(proxy.dialErrorLimit, () => open(proxy));
    return await withRetry(connection.dialErrorLimit, async () =>
      open(connection, await forward(jump, connection)),
    );
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
      const wait = delay;
      await new Promise((resolve) => setTimeout(resolve, wait));
      delay = Math.min(delay * 1.5, 5000);
    }
  }
}

function forward(
  jump: Client,
  { host, port }: Connection,
): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    jump.forwardOut("127.0.0.1", 0, host, port, (error, channel) =>
      error ? reject(error) : resolve(channel),
    );
  });
}

function connect(
  to: Omit<Connection, "proxy">,
  sock: ConnectConfig["sock"],
): Promise<Client> {
  const client = new Client();
  const [type, pinned] = to.hostKey?.trim().split(/\s+/) ?? [];
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
    client.on(
      "keyboard-interactive",
      (_name, _instructions, _lang, prompts, finish) =>
        finish(prompts.map(() => to.password ?? "")),
    );
    client.connect({
      host: to.host,
      port: to.port,
      username: to.user,
      readyTimeout: to.perDialTimeout * 1000,
      hostVerifier: (key: Buffer) => {
        mismatch = pinned !== undefined && key.toString("base64") !== pinned;
        return !mismatch;
      },
      ...(sock && { sock }),
      ...(type && { algorithms: { serverHostKey: [type] } }),
      ...(to.privateKey !== undefined && { privateKey: to.privateKey }),
      ...(to.privateKeyPassword !== undefined && {
        passphrase: to.privateKeyPassword,
      }),
      ...(to.password !== undefined && {
        password: to.password,
        tryKeyboard: true,
      }),
      ...agent(to),
    } as ConnectConfig);
  });
}

function agent({
  agentSocketPath,
}: Omit<Connection, "proxy">): Pick<ConnectConfig, "agent"> {
  const socket = agentSocketPath ?? process.env.SSH_AUTH_SOCK;
  return socket ? { agent: socket } : {};
}

function runCommand(
  client: Client,
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
      const [stdout, stderr, both]: [Buffer[], Buffer[], Buffer[]] = [
        [],
        [],
        [],
      ];
      channel.on(
        "data",
        (data: Buffer) => stdout.push(data) && both.push(data),
      );
      channel.stderr.on(
        "data",
        (data: Buffer) => stderr.push(data) && both.push(data),
      );
      channel.on("close", (code: number | null, signal?: string) => {
        if (code === 0) {
          resolve({
            stdout: text(stdout).replace(/\n$/, ""),
            stderr: text(stderr).replace(/\n$/, ""),
          });
        } else {
          const how = code === null ? `signal ${signal}` : `status ${code}`;
          reject(
            new Error(
              `Process exited with ${how}: running ${JSON.stringify(command)}:\n${text(both)}`,
            ),
          );
        }
      });
      channel.end(stdin);
    });
  });
}

function text(chunks: readonly Buffer[]): string {
  return Buffer.concat(chunks).toString("utf8");
}
