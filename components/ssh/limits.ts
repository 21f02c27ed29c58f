import type { Duplex } from "node:stream";
import type { Answer } from "./answer.ts";
import type { SshClient } from "./sshClient.ts";

/** The limits for the other side of a connection. */
export interface Limits {
  /** How long the TCP connection may take, in milliseconds. */
  readonly connectTimeout: number;
  /** How long an answer may take, in milliseconds: the host key, a login, or a channel through a bastion. */
  readonly patience: number;
  /** How many bytes it may send in all. */
  readonly received: number;
}

/** How long an answer may take, in milliseconds. Long, because hundreds of hosts are asked at once. */
export const usualPatience = 10_000;

/** How long a bastion may take to open a channel, in milliseconds: it answers when it has a connection to the host itself. */
export function channelPatience({ connectTimeout, patience }: Limits): number {
  return connectTimeout + patience;
}

/** The answer for a server that does not identify itself in time. */
export const silent: Answer = {
  state: "silent",
  reason: "Timed out while waiting for handshake",
};

/** Calls `fail` if the connection, or the answer after it, does not come in time. Returns the function that stops waiting. */
export function limitTime(
  client: SshClient,
  { connectTimeout, patience }: Limits,
  channel: Duplex | undefined,
  fail: (answer: Answer) => void,
): () => void {
  const wait = (answer: Answer, time: number) => setTimeout(fail, time, answer);
  const reason = `no connection within ${connectTimeout / 1000} s`;
  let waiting = channel
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
