import { Client, type ConnectConfig } from "ssh2";
import type { Endpoint, Hosts } from "./hosts";
import { plainKey } from "./key";
import {
  type Answer,
  compare,
  explain,
  keyAlgorithm,
  login,
  patience,
} from "./login";

/** What a host said when it was asked for its key. */
export interface Finding extends Answer {
  readonly node: string;
}

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
  const jump = await bastion(hosts);
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

type Jump = { client: Client } | (Answer & { client?: undefined });

async function bastion({
  bastion,
  credentials,
}: Hosts): Promise<Jump | undefined> {
  if (bastion === undefined) {
    return undefined;
  }
  const key = await plainKey(credentials);
  const answer = await login({
    ...bastion,
    ...key,
    agentSocket: credentials.agentSocket,
  });
  return answer instanceof Client
    ? { client: answer }
    : { ...answer, reason: `bastion ${bastion.host}: ${answer.reason}` };
}

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
