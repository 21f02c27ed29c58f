import { Client, type ConnectConfig } from "ssh2";
import type { Credentials, Endpoint, Hosts } from "./hosts";
import { plainKey } from "./key";

/** What a host said when it was asked for its key. */
export interface Finding {
  readonly node: string;
  /** silent: it takes the connection and then does not say who it is. */
  readonly state: "ok" | "unreachable" | "silent" | "wrong key";
  /** Why it is not ok. */
  readonly reason: string;
}

/** A host that takes longer than this to say who it is, once connected, is silent; milliseconds. Long, for hundreds are asked at once. */
const patience = 10_000;

/**
 * Asks every host, at once, for its SSH host key, without logging in.
 * A wrong key must be known before the first change; an unreachable host only holds up itself.
 *
 * @param connectTimeout how long to wait for a connection, in milliseconds
 */
export async function preflight(
  hosts: Hosts,
  connectTimeout: number,
): Promise<Finding[]> {
  const jump =
    hosts.bastion && (await connectBastion(hosts.bastion, hosts.credentials));
  try {
    return await Promise.all(
      [...hosts.byNode].map(async ([node, endpoint]) => ({
        node,
        ...(jump !== undefined && jump.client === undefined
          ? jump
          : await askKey(endpoint, jump?.client, connectTimeout)),
      })),
    );
  } finally {
    jump?.client?.end();
  }
}

type Answer = Omit<Finding, "node">;

async function askKey(
  endpoint: Endpoint,
  jump: Client | undefined,
  connectTimeout: number,
): Promise<Answer> {
  const { host, port } = endpoint;
  if (jump === undefined) {
    return ask({ host, port }, endpoint, connectTimeout);
  }
  return new Promise((resolve) => {
    jump.forwardOut("127.0.0.1", 0, host, port, (error, sock) => {
      resolve(
        error === undefined
          ? ask({ sock }, endpoint, connectTimeout)
          : {
              state: "unreachable",
              reason: `through the bastion: ${error.message}`,
            },
      );
    });
  });
}

/** Goes as far as the key that the server offers, then hangs up. That it is its own, the provider checks. */
function ask(
  to: ConnectConfig,
  endpoint: Endpoint,
  connectTimeout: number,
): Promise<Answer> {
  const client = new Client();
  return new Promise((resolve) => {
    let connected = to.sock !== undefined;
    const done = (answer: Answer) => {
      clearTimeout(connecting);
      client.destroy();
      resolve(answer);
    };
    const connecting = setTimeout(() => {
      if (!connected) {
        const reason = `no connection within ${connectTimeout / 1000} s`;
        done({ state: "unreachable", reason });
      }
    }, connectTimeout);
    client.on("connect", () => {
      connected = true;
    });
    client.on("error", (error) => {
      const answer = explain(error, endpoint);
      const silent = connected && /^Timed out/.test(error.message);
      done(silent ? { ...answer, state: "silent" } : answer);
    });
    client.on("close", () =>
      done({ state: "unreachable", reason: "closed the connection" }),
    );
    client.connect({
      ...to,
      ...keyAlgorithm(endpoint),
      username: endpoint.user,
      readyTimeout: patience,
      hostVerifier: (key: Buffer) => {
        done(compare(key, endpoint));
        return false;
      },
    });
  });
}

type Jump = { client: Client } | (Answer & { client: undefined });

async function connectBastion(
  bastion: Endpoint,
  credentials: Credentials,
): Promise<Jump> {
  const { privateKey, passphrase } = await plainKey(credentials);
  const client = new Client();
  return new Promise((resolve) => {
    let wrongKey: Answer | undefined;
    client.on("ready", () => resolve({ client }));
    client.on("error", (error) => {
      const answer = wrongKey ?? explain(error, bastion);
      resolve({
        ...answer,
        reason: `bastion ${bastion.host}: ${answer.reason}`,
        client: undefined,
      });
    });
    client.connect({
      host: bastion.host,
      port: bastion.port,
      username: bastion.user,
      ...keyAlgorithm(bastion),
      ...(privateKey !== undefined
        ? { privateKey }
        : { agent: credentials.agentSocket ?? process.env.SSH_AUTH_SOCK }),
      ...(passphrase !== undefined && { passphrase }),
      readyTimeout: patience,
      hostVerifier: (key: Buffer) => {
        const answer = compare(key, bastion);
        wrongKey = answer.state === "ok" ? undefined : answer;
        return answer.state === "ok";
      },
    } as ConnectConfig);
  });
}

/** The server is to show the pinned key, not another of its keys. */
function keyAlgorithm({
  hostKey,
}: Endpoint): Pick<ConnectConfig, "algorithms"> {
  const type = hostKey?.split(" ")[0];
  return type === undefined
    ? {}
    : { algorithms: { serverHostKey: [type as "ssh-ed25519"] } };
}

function compare(key: Buffer, { hostKey }: Endpoint): Answer {
  const [type, pinned] = hostKey?.split(" ") ?? [];
  return hostKey === undefined || key.toString("base64") === pinned
    ? { state: "ok", reason: "" }
    : {
        state: "wrong key",
        reason: `its host key is ${type} ${key.toString("base64")}, expected is ${hostKey}`,
      };
}

function explain(error: Error, endpoint: Endpoint): Answer {
  return /no matching host key format/.test(error.message)
    ? {
        state: "wrong key",
        reason: `it has no host key of the expected type, ${endpoint.hostKey}`,
      }
    : { state: "unreachable", reason: error.message };
}
