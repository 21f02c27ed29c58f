import { Client, type ConnectConfig } from "ssh2";
import type { Endpoint } from "./hosts";

/** What a host said when it was asked who it is. */
export interface Answer {
  /** silent: it takes the connection and then does not say who it is. */
  readonly state: "ok" | "unreachable" | "silent" | "wrong key";
  /** Why it is not ok. */
  readonly reason: string;
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
  { host, port, user, hostKey, privateKey, passphrase, agentSocket }: Login,
  to: ConnectConfig = { host, port },
): Promise<Client | Answer> {
  const endpoint = { host, port, user, hostKey };
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
    client.connect({
      ...to,
      ...keyAlgorithm(endpoint),
      username: user,
      ...(privateKey !== undefined
        ? { privateKey }
        : { agent: agentSocket ?? process.env.SSH_AUTH_SOCK }),
      ...(passphrase !== undefined && { passphrase }),
      readyTimeout: patience,
      hostVerifier: (key: Buffer) => {
        const answer = compare(key, endpoint);
        wrongKey = answer.state === "ok" ? undefined : answer;
        return answer.state === "ok";
      },
    } as ConnectConfig);
  });
}

/** The server is to show the pinned key, not another of its keys. */
export function keyAlgorithm({
  hostKey,
}: Endpoint): Pick<ConnectConfig, "algorithms"> {
  const type = hostKey?.split(" ")[0];
  return type === undefined
    ? {}
    : { algorithms: { serverHostKey: [type as "ssh-ed25519"] } };
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
