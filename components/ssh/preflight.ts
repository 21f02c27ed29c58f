import type { Duplex } from "node:stream";
import { Call, type CallLimits, type Installation } from "./call.ts";
import { Connection } from "./connection.ts";
import { plainKey } from "./credentials.ts";
import type { Endpoint, Hosts } from "./endpoints.ts";
import {
  type Answer,
  isFault,
  type Limits,
  type Login,
  login,
  through,
  usualPatience,
  wayPatience,
} from "./login.ts";

/** What a host said when it was asked for its key. */
export interface Finding extends Answer {
  readonly node: string;
}

const usualLimits: Omit<CallLimits, "connectTimeout"> = {
  patience: usualPatience,
  installation: 60_000,
  // a login and an installation take some KiB
  received: 256 * 1024,
};

/**
 * Asks every host, at once, for its SSH host key, without logging in.
 * A wrong key must be known before the first change; an unreachable host only holds up itself.
 *
 * @param connectTimeout how long to wait for a connection, in milliseconds
 * @param installation what to do on each host, over the same connection, once all have answered; nothing if one has the wrong key, or a name that does not exist
 * @param mayBegin is awaited before that, with what all hosts answered; if it fails, nothing is done
 */
export async function preflight(
  hosts: Hosts,
  connectTimeout: number,
  installation?: Installation,
  limits = usualLimits,
  mayBegin: (answers: readonly Finding[]) => Promise<void> = async () => {},
): Promise<Finding[]> {
  const key = await plainKey(hosts.credentials);
  const logsIn = hosts.bastion !== undefined || installation !== undefined;
  if (key === undefined && logsIn) {
    await mayBegin([]); // whether the hosts can be reached shows in the `up` that knows the key
    return [];
  }
  const { agentSocket } = hosts.credentials;
  const at = (endpoint: Endpoint): Login => ({
    ...endpoint,
    ...key,
    agentSocket,
  });
  const ofHost = { ...limits, connectTimeout };
  const ofBastion = {
    ...ofHost,
    received: (hosts.byNode.size + 1) * limits.received,
  };
  const jump =
    hosts.bastion && (await jumpThrough(at(hosts.bastion), ofBastion));
  let calls: readonly Call[] = [];
  try {
    const called = await Promise.all(
      [...hosts.byNode].map(async ([node, endpoint]) => {
        const way = await wayTo(endpoint, jump, ofBastion);
        if (way !== undefined && "state" in way) {
          return { node, answer: way };
        }
        const call = new Call(at(endpoint), ofHost, way);
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
      const seconds = wayPatience(ofBastion) / 1000;
      const reason = `it did not answer within ${seconds} s for any host`;
      const answer = atBastion(hosts.bastion, { state: "silent", reason });
      const answers = called.map(({ node }) => ({ node, ...answer }));
      await mayBegin(answers);
      return answers;
    }
    calls = called.flatMap(({ call }) => call ?? []);
    await mayBegin(called.map(({ node, answer }) => ({ node, ...answer })));
    const wrong = called.some(({ answer }) => isFault(answer));
    return await Promise.all(
      called.map(async ({ node, answer, call }) => {
        if (installation && call && answer.state === "ok" && !wrong) {
          return { node, ...(await call.install(installation)) };
        }
        return { node, ...answer };
      }),
    );
  } finally {
    for (const call of calls) {
      call.hangUp();
    }
    if (jump instanceof Connection) {
      jump.destroy();
    }
  }
}

async function jumpThrough(
  bastion: Login,
  limits: Limits,
): Promise<Connection | Answer> {
  const answer = await login(bastion, limits);
  return answer instanceof Connection ? answer : atBastion(bastion, answer);
}

function atBastion({ host }: Endpoint, { state, reason }: Answer): Answer {
  return { state, reason: `bastion ${host}: ${reason}`, atBastion: true };
}

/** How to get to a host, undefined by its own address; or why that is not possible. */
async function wayTo(
  endpoint: Endpoint,
  jump: Connection | Answer | undefined,
  limits: Limits,
): Promise<Duplex | Answer | undefined> {
  return jump instanceof Connection ? through(jump, endpoint, limits) : jump;
}
