import { connect as dial } from "node:net";
import type { Duplex } from "node:stream";
import type { Algorithms, HostVerifier, KexAlgorithm, ParsedKey } from "ssh2";
import { type Answer, compareHostKey, explainError } from "./answer.ts";
import type { Endpoint } from "./endpoints.ts";
import { type Limits, limitTime } from "./limits.ts";
import { readKey } from "./privateKey.ts";
import { SshClient } from "./sshClient.ts";

/** An endpoint with the credentials for it as plain text, as ssh2 takes them. */
export interface Login extends Endpoint {
  /** Undefined: a key of the SSH agent. */
  readonly privateKey?: string | undefined;
  readonly passphrase?: string | undefined;
  /** The agent's socket. Default: `$SSH_AUTH_SOCK`. */
  readonly agentSocket?: string | undefined;
}

/**
 * Logs in. Returns the client, or why that failed.
 *
 * @param channel through a bastion; without one, the host is dialled
 */
export function login(
  to: Login,
  limits: Limits,
  channel?: Duplex,
): Promise<SshClient | Answer> {
  const client = new SshClient();
  return new Promise((resolve) => {
    const fail = (answer: Answer) => {
      stopWaiting();
      client.destroy();
      resolve(answer);
    };
    const stopWaiting = limitTime(client, limits, channel, fail);
    let wrongKey: Answer | undefined;
    client.on("ready", () => {
      stopWaiting();
      resolve(client);
    });
    client.on("error", (error) => fail(wrongKey ?? explainError(error, to)));
    client.on("close", () =>
      fail({ state: "unreachable", reason: "closed the connection" }),
    );
    startLogin(client, to, limits, channel, (key, accept) => {
      const answer = compareHostKey(key, to);
      wrongKey = answer.state === "ok" ? undefined : answer;
      accept(answer.state === "ok");
    });
  });
}

/** Begins a login, which goes on when `hostVerifier` accepts the key that the server shows. */
export function startLogin(
  client: SshClient,
  to: Login,
  { received }: Limits,
  channel: Duplex | undefined,
  hostVerifier: HostVerifier,
): void {
  client.start(channel ?? dial(to.port, to.host), received, {
    hostVerifier,
    // limitTime limits it
    readyTimeout: 0,
    algorithms: algorithms(to),
    ...authentication(to),
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

/** A private key as ssh2 reads it. It is read once, because reading an encrypted key is slow on purpose. */
function parsed(privateKey: string, passphrase: string | undefined): ParsedKey {
  const id = `${passphrase}\n${privateKey}`;
  const key = keys.get(id) ?? readKey(privateKey, passphrase);
  if (key instanceof Error) {
    throw key;
  }
  keys.set(id, key);
  return key;
}

/** The key exchange that costs a host least: with OpenSSH's own curve25519 a login takes a tenth longer. */
const cheap: KexAlgorithm = "ecdh-sha2-nistp256";

/** Not this one: the server chooses the group, and checking one of 10,000 bits takes minutes. */
const costly: KexAlgorithm = "diffie-hellman-group-exchange-sha256";

/**
 * The key exchanges of ssh2, the cheap one first. The server is to show the pinned key, not another of its keys.
 * Nothing is compressed: a packet that is unpacked can be a thousand times as large.
 */
function algorithms({ hostKey }: Endpoint): Algorithms {
  const type = hostKey?.split(" ")[0];
  return {
    kex: { remove: [cheap, costly], prepend: cheap, append: [] },
    compress: ["none"],
    ...(type !== undefined && { serverHostKey: [type as "ssh-ed25519"] }),
  };
}
