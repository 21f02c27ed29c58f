import { Client, type ConnectConfig } from "ssh2";
import { Call, type Installation } from "./call";
import type { Endpoint, Hosts } from "./hosts";
import { plainKey } from "./key";
import { type Answer, type Login, login, through } from "./login";

/** What a host said when it was asked for its key. */
export interface Finding extends Answer {
  readonly node: string;
}

/**
 * Asks every host, at once, for its SSH host key, without logging in.
 * A wrong key must be known before the first change; an unreachable host only holds up itself.
 *
 * @param connectTimeout how long to wait for a connection, in milliseconds
 * @param installation what to do on each host, over the same connection, once all have answered; nothing if one has the wrong key
 */
export async function preflight(
  hosts: Hosts,
  connectTimeout: number,
  installation?: Installation,
): Promise<Finding[]> {
  const key = await plainKey(hosts.credentials);
  const { agentSocket } = hosts.credentials;
  const at = (endpoint: Endpoint): Login => ({
    ...endpoint,
    ...key,
    agentSocket,
  });
  const jump = await jumpThrough(hosts.bastion && at(hosts.bastion));
  try {
    const called = await Promise.all(
      [...hosts.byNode].map(async ([node, endpoint]) => {
        const to = await wayTo(endpoint, jump);
        if ("state" in to) {
          return { node, answer: to };
        }
        const call = new Call(at(endpoint), to, connectTimeout);
        const answer = await call.answer;
        if (installation === undefined) {
          call.hangUp();
        }
        return { node, answer, call };
      }),
    );
    const wrong = called.some(({ answer }) => answer.state === "wrong key");
    return await Promise.all(
      called.map(async ({ node, answer, call }) => {
        if (installation && call && answer.state === "ok" && !wrong) {
          return { node, ...(await call.install(installation)) };
        }
        call?.hangUp();
        return { node, ...answer };
      }),
    );
  } finally {
    jump?.client?.end();
  }
}

type Jump = { client: Client } | (Answer & { client?: undefined });

async function jumpThrough(
  bastion: Login | undefined,
): Promise<Jump | undefined> {
  if (bastion === undefined) {
    return undefined;
  }
  const answer = await login(bastion);
  return answer instanceof Client
    ? { client: answer }
    : {
        ...answer,
        reason: `bastion ${bastion.host}: ${answer.reason}`,
        atBastion: true,
      };
}

/** How to get to a host, or why that is not possible. */
async function wayTo(
  endpoint: Endpoint,
  jump: Jump | undefined,
): Promise<ConnectConfig | Answer> {
  if (jump === undefined) {
    return { host: endpoint.host, port: endpoint.port };
  }
  if (jump.client === undefined) {
    return jump;
  }
  try {
    return await through(jump.client, endpoint);
  } catch (error) {
    const reason = `through the bastion: ${(error as Error).message}`;
    return { state: "unreachable", reason };
  }
}
