import type { Duplex } from "node:stream";
import { type Answer, isMistake } from "./answer.ts";
import { openChannel } from "./bastionChannel.ts";
import { plainKey } from "./credentials.ts";
import type { Endpoint, Hosts, Login } from "./endpoints.ts";
import {
  type Installation,
  type InstallationLimits,
  install,
} from "./installation.ts";
import { channelPatience, type Limits, usualPatience } from "./limits.ts";
import { login, PendingLogin } from "./login.ts";
import { SshClient } from "./sshClient.ts";

/** The answer of a node's host. */
export interface HostAnswer extends Answer {
  readonly node: string;
}

const usualLimits: Omit<InstallationLimits, "connectTimeout"> = {
  patience: usualPatience,
  installation: 60_000,
  // a login and an installation take some KiB
  received: 256 * 1024,
};

/**
 * Asks every host, at once, for its SSH host key, without logging in.
 * A wrong key must be known before the first change; an unreachable host only holds up itself.
 *
 * @param connectTimeout how long to wait for a TCP connection, in milliseconds
 * @param installation what is installed on each host, over the same connection, once all have answered; nothing if one has the wrong key, or a name that does not exist
 * @param mayBegin is awaited before that, with what all hosts answered; if it fails, nothing is installed
 */
export async function preflight(
  hosts: Hosts,
  connectTimeout: number,
  installation?: Installation,
  limits = usualLimits,
  mayBegin: (answers: readonly HostAnswer[]) => Promise<void> = async () => {},
): Promise<HostAnswer[]> {
  const key = await plainKey(hosts.credentials);
  const logsIn = hosts.bastion !== undefined || installation !== undefined;
  if (key === undefined && logsIn) {
    await mayBegin([]); // whether the hosts can be reached shows in the `up` that knows the key
    return [];
  }
  const { agentSocket } = hosts.credentials;
  const toLogin = (endpoint: Endpoint): Login => ({
    ...endpoint,
    ...key,
    agentSocket,
  });
  const ofHost = { ...limits, connectTimeout };
  const ofBastion = {
    ...ofHost,
    received: (hosts.byNode.size + 1) * limits.received,
  };
  const bastion =
    hosts.bastion && (await logInAtBastion(toLogin(hosts.bastion), ofBastion));
  let pending: readonly PendingLogin[] = [];
  try {
    const asked = await Promise.all(
      [...hosts.byNode].map(async ([node, endpoint]) => {
        const channel = await channelTo(endpoint, bastion, ofBastion);
        if (channel !== undefined && "state" in channel) {
          return { node, answer: channel };
        }
        const started = new PendingLogin(toLogin(endpoint), ofHost, channel);
        const answer = await started.answer;
        if (installation === undefined) {
          started.close();
        }
        return { node, answer, started };
      }),
    );
    if (
      hosts.bastion &&
      bastion instanceof SshClient &&
      asked.every(
        ({ answer, started }) => !started && answer.state === "silent",
      )
    ) {
      const seconds = channelPatience(ofBastion) / 1000;
      const reason = `it did not answer within ${seconds} s for any host`;
      const answer = atBastion(hosts.bastion, { state: "silent", reason });
      const answers = asked.map(({ node }) => ({ node, ...answer }));
      await mayBegin(answers);
      return answers;
    }
    pending = asked.flatMap(({ started }) => started ?? []);
    await mayBegin(asked.map(({ node, answer }) => ({ node, ...answer })));
    const wrong = asked.some(({ answer }) => isMistake(answer));
    return await Promise.all(
      asked.map(async ({ node, answer, started }) => {
        if (installation && started && answer.state === "ok" && !wrong) {
          return { node, ...(await install(installation, started, ofHost)) };
        }
        return { node, ...answer };
      }),
    );
  } finally {
    for (const one of pending) {
      one.close();
    }
    if (bastion instanceof SshClient) {
      bastion.destroy();
    }
  }
}

async function logInAtBastion(
  bastion: Login,
  limits: Limits,
): Promise<SshClient | Answer> {
  const answer = await login(bastion, limits);
  return answer instanceof SshClient ? answer : atBastion(bastion, answer);
}

function atBastion({ host }: Endpoint, { state, reason }: Answer): Answer {
  return { state, reason: `bastion ${host}: ${reason}`, atBastion: true };
}

/** A channel to a host through the bastion, or why there is none; undefined without a bastion. */
async function channelTo(
  endpoint: Endpoint,
  bastion: SshClient | Answer | undefined,
  limits: Limits,
): Promise<Duplex | Answer | undefined> {
  return bastion instanceof SshClient
    ? openChannel(bastion, endpoint, limits)
    : bastion;
}
