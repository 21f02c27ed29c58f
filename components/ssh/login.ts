import { connect as dial } from "node:net";
import type { Duplex } from "node:stream";
import { type Answer, compareHostKey, explainError } from "./answer.ts";
import { clientConfig } from "./clientConfig.ts";
import type { Login } from "./endpoints.ts";
import { type Limits, limitTime, silent } from "./limits.ts";
import { SshClient } from "./sshClient.ts";

const closed: Answer = {
  state: "unreachable",
  reason: "closed the connection",
};

/** Logs in. Returns the client, or why that failed. */
export async function login(
  to: Login,
  limits: Limits,
  channel?: Duplex,
): Promise<SshClient | Answer> {
  const pending = new PendingLogin(to, limits, channel);
  const answer = await pending.answer;
  if (answer.state === "ok") {
    return pending.finish();
  }
  pending.close();
  return answer;
}

/** A login that stops at the key that the server shows, until it is finished or closed. */
export class PendingLogin {
  /** The result of comparing the key. Only a finished login proves that the server can sign with it. */
  readonly answer: Promise<Answer>;
  private readonly client = new SshClient();
  private accept = (_isRight: boolean): void => {};
  private isClosed = false;

  private readonly to: Login;
  private readonly limits: Limits;

  /** @param channel through a bastion; without one, it connects to the host itself */
  constructor(to: Login, limits: Limits, channel?: Duplex) {
    this.to = to;
    this.limits = limits;
    const { client } = this;
    this.answer = new Promise((resolve) => {
      const done = (answer: Answer) => {
        stopWaiting();
        resolve(answer);
      };
      const stopWaiting = limitTime(client, limits, channel, done);
      client.on("error", (error) => done(explainError(error, to)));
      client.on("close", () => {
        this.isClosed = true;
        done(closed);
      });
      client.start(channel ?? dial(to.port, to.host), limits.received, {
        ...clientConfig(to),
        hostVerifier: (key: Buffer, accept: (isRight: boolean) => void) => {
          this.accept = accept;
          done(compareHostKey(key, to));
        },
      });
    });
  }

  /** Accepts the key and logs in. Returns the client, or why that failed. */
  finish(): Promise<SshClient | Answer> {
    const { client, limits, to } = this;
    return new Promise((resolve) => {
      const fail = (answer: Answer) => {
        clearTimeout(waiting);
        this.close();
        resolve(answer);
      };
      const waiting = setTimeout(fail, limits.patience, silent);
      client.on("ready", () => {
        clearTimeout(waiting);
        resolve(client);
      });
      client.on("error", (error) => fail(explainError(error, to)));
      client.on("close", () => fail(closed));
      if (this.isClosed) {
        fail(closed);
      } else {
        this.accept(true);
      }
    });
  }

  close(): void {
    this.client.destroy();
  }
}
