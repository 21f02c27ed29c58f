import {
  type Algorithms,
  Client,
  type ConnectConfig,
  type KexAlgorithm,
  type ParsedKey,
} from "ssh2";
import type { Endpoint } from "./hosts";
import { readKey } from "./key";

/** What a host said when it was asked who it is. */
export interface Answer {
  /** silent: it takes the connection and then does not say who it is. unusable: what it needs could not be put there. */
  readonly state: "ok" | "unreachable" | "silent" | "wrong key" | "unusable";
  /** Why it is not ok. */
  readonly reason: string;
  /** It is the bastion that could not be logged into, and so no host was asked. */
  readonly atBastion?: true;
}

/** An endpoint, and how to log in there. */
export interface Login extends Endpoint {
  /** Undefined: a key of the SSH agent. */
  readonly privateKey?: string | undefined;
  readonly passphrase?: string | undefined;
  /** The agent's socket. Default: `$SSH_AUTH_SOCK`. */
  readonly agentSocket?: string | undefined;
}

/** A host that takes longer than this to say who it is, once connected, is silent; milliseconds. Long, for hundreds are asked at once. */
export const patience = 10_000;

/**
 * Logs in. Returns the connection, or why there is none.
 *
 * @param to how to get there, if not by the endpoint's own address
 */
export function login(
  endpoint: Login,
  to: ConnectConfig = { host: endpoint.host, port: endpoint.port },
): Promise<Client | Answer> {
  const client = new Client();
  return new Promise((resolve) => {
    let wrongKey: Answer | undefined;
    client.on("ready", () => resolve(client));
    client.on("error", (error) =>
      resolve(wrongKey ?? explain(error, endpoint)),
    );
    client.on("close", () =>
      resolve({ state: "unreachable", reason: "closed the connection" }),
    );
    connect(client, endpoint, {
      ...to,
      readyTimeout: patience,
      hostVerifier: (key: Buffer) => {
        const answer = compare(key, endpoint);
        wrongKey = answer.state === "ok" ? undefined : answer;
        return answer.state === "ok";
      },
    });
  });
}

/** Begins a connection, to be logged into by this key and with the pinned host key. */
export function connect(
  client: Client,
  login: Login,
  config: ConnectConfig,
): void {
  client.connect({
    ...config,
    algorithms: algorithms(login),
    ...authentication(login),
  });
  // else the request that follows the end of the key exchange waits for its acknowledgement, 40 ms
  client.setNoDelay(true);
}

/** The way to a host through a bastion. Throws if there is none. */
export function through(
  bastion: Client,
  { host, port }: Endpoint,
): Promise<ConnectConfig> {
  return new Promise((resolve, reject) => {
    bastion.forwardOut("127.0.0.1", 0, host, port, (error, sock) =>
      error ? reject(error) : resolve({ sock }),
    );
  });
}

/** Who logs in, and by which key. */
function authentication({
  user,
  privateKey,
  passphrase,
  agentSocket,
}: Login): object {
  if (privateKey === undefined) {
    return { username: user, agent: agentSocket ?? process.env.SSH_AUTH_SOCK };
  }
  const key = parsed(privateKey, passphrase);
  return {
    username: user,
    authHandler: [{ type: "publickey", username: user, key }],
  };
}

const keys = new Map<string, ParsedKey>();

/** A private key as the SSH library reads it, once: what encrypts a key makes that slow on purpose. */
function parsed(privateKey: string, passphrase: string | undefined): ParsedKey {
  const id = `${passphrase}\n${privateKey}`;
  const key = keys.get(id) ?? readKey(privateKey, passphrase);
  if (key instanceof Error) {
    throw key;
  }
  keys.set(id, key);
  return key;
}

/** Of the key exchanges, the one that costs a host least: OpenSSH's own curve25519 makes a login a tenth dearer. */
const cheap: KexAlgorithm = "ecdh-sha2-nistp256";

/** The library's key exchanges, that one first; and the server is to show the pinned key, not another of its keys. */
function algorithms({ hostKey }: Endpoint): Algorithms {
  const type = hostKey?.split(" ")[0];
  return {
    kex: { remove: cheap, prepend: cheap, append: [] },
    ...(type !== undefined && { serverHostKey: [type as "ssh-ed25519"] }),
  };
}

/** Whether the key that a server shows is the pinned one. */
export function compare(key: Buffer, { hostKey }: Endpoint): Answer {
  const [type, pinned] = hostKey?.split(" ") ?? [];
  return hostKey === undefined || key.toString("base64") === pinned
    ? { state: "ok", reason: "" }
    : {
        state: "wrong key",
        reason: `its host key is ${type} ${key.toString("base64")}, expected is ${hostKey}`,
      };
}

/** What an error of the SSH library means. */
export function explain(error: Error, endpoint: Endpoint): Answer {
  return /no matching host key format/.test(error.message)
    ? {
        state: "wrong key",
        reason: `it has no host key of the expected type, ${endpoint.hostKey}`,
      }
    : { state: "unreachable", reason: error.message };
}
