import { Client, type ConnectConfig } from "ssh2";
import {
  type Answer,
  compare,
  connect,
  explain,
  type Login,
  patience,
} from "./login";
import { runOn } from "./session";

/** What a host is to have before its commands are run there: a command that sees to it, and its standard input. */
export interface Installation {
  readonly command: string;
  readonly input: string;
}

/** How long an installation may take, in milliseconds. */
const installationPatience = 60_000;

const closed = "closed the connection";

/** A connection that has come as far as the key that the server shows; nobody has logged in yet. */
export class Call {
  /** What the server said. That its key is its own, the provider checks. */
  readonly answer: Promise<Answer>;
  private readonly client = new Client();
  private accept = (_isRight: boolean): void => {};
  private isClosed = false;

  /**
   * @param to how to get there
   * @param connectTimeout how long to wait for a connection, in milliseconds
   */
  constructor(login: Login, to: ConnectConfig, connectTimeout: number) {
    const { client } = this;
    this.answer = new Promise((resolve) => {
      const done = (answer: Answer) => {
        clearTimeout(waiting);
        resolve(answer);
      };
      const reason = `no connection within ${connectTimeout / 1000} s`;
      let waiting = setTimeout(
        () => done({ state: "unreachable", reason }),
        connectTimeout,
      );
      const connected = () => {
        clearTimeout(waiting);
        const reason = "Timed out while waiting for handshake";
        waiting = setTimeout(() => done({ state: "silent", reason }), patience);
      };
      client.on("connect", connected);
      if (to.sock !== undefined) {
        connected();
      }
      client.on("error", (error) => done(explain(error, login)));
      client.on("close", () => {
        this.isClosed = true;
        done({ state: "unreachable", reason: closed });
      });
      connect(client, login, {
        ...to,
        // the hosts wait for each other
        readyTimeout: 0,
        hostVerifier: (key: Buffer, accept: (isRight: boolean) => void) => {
          this.accept = accept;
          done(compare(key, login));
        },
      });
    });
  }

  /** Logs in, does this, and hangs up. */
  async install({ command, input }: Installation): Promise<Answer> {
    const { client } = this;
    try {
      await new Promise<void>((resolve, reject) => {
        setTimeout(reject, patience, new Error("no login in time")).unref();
        client.on("ready", resolve);
        client.on("error", reject);
        client.on("close", () => reject(new Error(closed)));
        if (this.isClosed) {
          reject(new Error(closed));
        } else {
          this.accept(true);
        }
      });
      await runOn(client, command, input, installationPatience);
      client.end();
      return { state: "ok", reason: "" };
    } catch (error) {
      this.hangUp();
      return { state: "unusable", reason: (error as Error).message };
    }
  }

  hangUp(): void {
    this.client.destroy();
  }
}
