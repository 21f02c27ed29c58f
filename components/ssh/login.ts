import { connect as dial } from "node:net";
import type { Duplex } from "node:stream";
import type { Algorithms, HostVerifier, KexAlgorithm, ParsedKey } from "ssh2";
import { foreignText, printable } from "../core/plainText.ts";
import { Connection } from "./connection.ts";
import type { Endpoint } from "./endpoints.ts";
import { readKey } from "./privateKey.ts";

/** What a host said when it was asked who it is. */
export interface Answer {
  /** silent: it takes the connection and then does not say who it is. unusable: what it needs could not be put there. no such name: the resolver says that its name does not exist. */
  readonly state:
    | "ok"
    | "unreachable"
    | "silent"
    | "wrong key"
    | "unusable"
    | "no such name";
  /** Why it is not ok. */
  readonly reason: string;
  /** It is the bastion that could not be logged into, and so no host was asked. */
  readonly atBastion?: true;
}

/** Whether this is a mistake that an `up` must not begin with, and not a host that is down for a while. */
export function isFault({ state }: Answer): boolean {
  return state === "wrong key" || state === "no such name";
}

/** An endpoint, and how to log in there. */
export interface Login extends Endpoint {
  /** Undefined: a key of the SSH agent. */
  readonly privateKey?: string | undefined;
  readonly passphrase?: string | undefined;
  /** The agent's socket. Default: `$SSH_AUTH_SOCK`. */
  readonly agentSocket?: string | undefined;
}

/** What the other side of a connection is allowed. */
export interface Limits {
  /** How long the connection may take, in milliseconds. */
  readonly connectTimeout: number;
  /** How long an answer may take, in milliseconds: the host key and a login, or the way to a host. */
  readonly patience: number;
  /** How many bytes it may send in all. */
  readonly received: number;
}

/** How long an answer may take, in milliseconds. Long, for hundreds of hosts are asked at once. */
export const usualPatience = 10_000;

/** Logs in, through the channel `way` if there is one. Returns the connection, or why there is none. */
export function login(
  endpoint: Login,
  limits: Limits,
  way?: Duplex,
): Promise<Connection | Answer> {
  const client = new Connection();
  return new Promise((resolve) => {
    const fail = (answer: Answer) => {
      stopWaiting();
      client.destroy();
      resolve(answer);
    };
    const stopWaiting = limitTime(client, limits, way, fail);
    let wrongKey: Answer | undefined;
    client.on("ready", () => {
      stopWaiting();
      resolve(client);
    });
    client.on("error", (error) => fail(wrongKey ?? explain(error, endpoint)));
    client.on("close", () =>
      fail({ state: "unreachable", reason: "closed the connection" }),
    );
    connect(client, endpoint, limits, way, (key, accept) => {
      const answer = compare(key, endpoint);
      wrongKey = answer.state === "ok" ? undefined : answer;
      accept(answer.state === "ok");
    });
  });
}

/** Calls `fail` if there is no connection in time, or no answer in time once there is one. Returns what ends the waiting. */
export function limitTime(
  client: Connection,
  { connectTimeout, patience }: Limits,
  way: Duplex | undefined,
  fail: (answer: Answer) => void,
): () => void {
  const wait = (answer: Answer, time: number) => setTimeout(fail, time, answer);
  const silent: Answer = {
    state: "silent",
    reason: "Timed out while waiting for handshake",
  };
  const reason = `no connection within ${connectTimeout / 1000} s`;
  let waiting = way
    ? wait(silent, patience)
    : wait({ state: "unreachable", reason }, connectTimeout);
  const connected = () => {
    clearTimeout(waiting);
    waiting = wait(silent, patience);
  };
  client.on("connect", connected);
  return () => {
    client.removeListener("connect", connected);
    clearTimeout(waiting);
  };
}

/** Begins a connection, to be logged into by this key and with the pinned host key. */
export function connect(
  client: Connection,
  login: Login,
  { received }: Limits,
  way: Duplex | undefined,
  hostVerifier: HostVerifier,
): void {
  client.begin(way ?? dial(login.port, login.host), received, {
    hostVerifier,
    // limited otherwise: see limitTime
    readyTimeout: 0,
    algorithms: algorithms(login),
    ...authentication(login),
  });
}

/** How long a bastion may take to open a way, in milliseconds: it answers when it has a connection to the host itself. */
export function wayPatience({ connectTimeout, patience }: Limits): number {
  return connectTimeout + patience;
}

/** Opens a way to a host through a bastion. Returns why there is none, if the bastion refuses or does not answer. */
export function through(
  bastion: Connection,
  { host, port }: Endpoint,
  limits: Limits,
): Promise<Duplex | Answer> {
  const time = wayPatience(limits);
  return new Promise((resolve) => {
    const fail = (state: "unreachable" | "silent", reason: string) => {
      clearTimeout(waiting);
      resolve({ state, reason });
    };
    const waiting = setTimeout(
      () =>
        fail(
          "silent",
          `the bastion did not answer within ${time / 1000} s when asked for this host`,
        ),
      time,
    );
    const refused = (why: string) =>
      fail("unreachable", `through the bastion: ${why}`);
    try {
      bastion.forwardOut("127.0.0.1", 0, host, port, (error, channel) => {
        if (error) {
          refused(foreignText(error.message));
          return;
        }
        clearTimeout(waiting);
        resolve(channel);
      });
    } catch {
      refused("it closed the connection");
    }
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

/** Not this one: the server chooses the group, and checking one of 10,000 bits takes minutes. */
const costly: KexAlgorithm = "diffie-hellman-group-exchange-sha256";

/**
 * The library's key exchanges, that one first. The server is to show the pinned key, not another of its keys.
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

/** Whether the key that a server shows is the pinned one. */
export function compare(key: Buffer, { hostKey }: Endpoint): Answer {
  const [type, pinned] = hostKey?.split(" ") ?? [];
  const shown = key.toString("base64");
  return hostKey === undefined || shown === pinned
    ? { state: "ok", reason: "" }
    : {
        state: "wrong key",
        reason: printable(
          `its host key is ${type} ${foreignText(shown)}, expected is ${hostKey}`,
        ),
      };
}

/** What an error of the SSH library means. Its message may be what the server said, unless it is of the key exchange. */
export function explain(
  error: NodeJS.ErrnoException & { level?: string },
  { host, hostKey }: Endpoint,
): Answer {
  if (error.code === "ENOTFOUND" && error.syscall === "getaddrinfo") {
    return { state: "no such name", reason: `${host} does not exist` };
  }
  return error.level === "handshake" &&
    error.message.includes("no matching host key format")
    ? {
        state: "wrong key",
        reason: printable(
          `it has no host key of the expected type, ${hostKey}`,
        ),
      }
    : { state: "unreachable", reason: foreignText(error.message) };
}
