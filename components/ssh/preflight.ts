import type { Duplex } from "node:stream";
import { Call, type Installation } from "./call";
import { Connection } from "./connection";
import type { Endpoint, Hosts } from "./hosts";
import { plainKey } from "./key";
import {
  type Answer,
  type Login,
  login,
  type Patience,
  through,
  usualPatience,
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
 * @param installation what to do on each host, over the same connection, once all have answered; nothing if one has the wrong key
 */
export async function preflight(
  hosts: Hosts,
  connectTimeout: number,
  installation?: Installation,
  patience = usualPatience,
): Promise<Finding[]> {
  const key = await plainKey(hosts.credentials);
  const { agentSocket } = hosts.credentials;
  const at = (endpoint: Endpoint): Login => ({
    ...endpoint,
    ...key,
    agentSocket,
  });
  const times = { connectTimeout, patience };
  const jump = await jumpThrough(hosts.bastion && at(hosts.bastion), times);
  try {
    const called = await Promise.all(
      [...hosts.byNode].map(async ([node, endpoint]) => {
        const way = await wayTo(endpoint, jump, times);
        if (way !== undefined && "state" in way) {
          return { node, answer: way };
        }
        const call = new Call(at(endpoint), way, connectTimeout, patience);
        const answer = await call.answer;
        if (installation === undefined) {
          call.hangUp();
        }
        return { node, answer, call };
      }),
    );
    if (
      hosts.bastion &&
      jump instanceof Connection &&
      called.every(({ answer, call }) => !call && answer.state === "silent")
    ) {
      const { host } = hosts.bastion;
      return called.map(({ node, answer }) => ({
        ...{ node, ...atBastion(host, answer) },
      }));
    }
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
    if (jump instanceof Connection) {
      jump.destroy();
    }
  }
}

interface Times {
  readonly connectTimeout: number;
  readonly patience: Patience;
}

async function jumpThrough(
  bastion: Login | undefined,
  { connectTimeout, patience }: Times,
): Promise<Connection | Answer | undefined> {
  if (bastion === undefined) {
    return undefined;
  }
  const answer = await login(
    bastion,
    undefined,
    connectTimeout,
    patience.answer,
  );
  return answer instanceof Connection
    ? answer
    : atBastion(bastion.host, answer);
}

function atBastion(host: string, { state, reason }: Answer): Answer {
  return { state, reason: `bastion ${host}: ${reason}`, atBastion: true };
}

/** How to get to a host, undefined by its own address; or why that is not possible. */
async function wayTo(
  endpoint: Endpoint,
  jump: Connection | Answer | undefined,
  { connectTimeout, patience }: Times,
): Promise<Duplex | Answer | undefined> {
  return jump instanceof Connection
    ? // the bastion answers when it has a connection itself
      through(jump, endpoint, connectTimeout + patience.answer)
    : jump;
}
