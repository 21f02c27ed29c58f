import type { Duplex } from "node:stream";
import { foreignText } from "../core/plainText.ts";
import { Connection } from "./connection.ts";
import {
  type Answer,
  compare,
  connect,
  explain,
  type Limits,
  type Login,
  limitTime,
} from "./login.ts";
import { runOn } from "./session.ts";

/** What a host is to have before its commands are run there: a command that sees to it, and its standard input. */
export interface Installation {
  readonly command: string;
  readonly input: string;
}

/** What a host is allowed that is asked for its key, and has something installed. */
export interface CallLimits extends Limits {
  /** How long the installation may take, in milliseconds. */
  readonly installation: number;
}

/** How many bytes an installation may print; ours prints nothing. */
const mostPrinted = 64 * 1024;

const closed = "closed the connection";

/** A connection that has come as far as the key that the server shows; nobody has logged in yet. */
export class Call {
  /** What the server said. That its key is its own, the provider checks. */
  readonly answer: Promise<Answer>;
  private readonly client = new Connection();
  private accept = (_isRight: boolean): void => {};
  private isClosed = false;

  private readonly limits: CallLimits;

  /** @param way a channel through a bastion, if the host's own address is not dialled */
  constructor(login: Login, limits: CallLimits, way: Duplex | undefined) {
    this.limits = limits;
    const { client } = this;
    this.answer = new Promise((resolve) => {
      const done = (answer: Answer) => {
        stopWaiting();
        resolve(answer);
      };
      const stopWaiting = limitTime(client, limits, way, done);
      client.on("error", (error) => done(explain(error, login)));
      client.on("close", () => {
        this.isClosed = true;
        done({ state: "unreachable", reason: closed });
      });
      // the hosts wait for each other
      connect(client, login, limits, way, (key, accept) => {
        this.accept = accept;
        done(compare(key, login));
      });
    });
  }

  /** Logs in, does this, and hangs up. */
  async install({ command, input }: Installation): Promise<Answer> {
    const { client, limits } = this;
    try {
      await this.logIn();
      await runOn(client, command, input, limits.installation, mostPrinted);
      return { state: "ok", reason: "" };
    } catch (error) {
      const reason = foreignText((error as Error).message);
      return { state: "unusable", reason };
    } finally {
      this.hangUp();
    }
  }

  hangUp(): void {
    this.client.destroy();
  }

  private logIn(): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const late = new Error("no login in time");
      setTimeout(reject, this.limits.patience, late).unref();
      this.client.on("ready", resolve);
      this.client.on("error", reject);
      this.client.on("close", () => reject(new Error(closed)));
      if (this.isClosed) {
        reject(new Error(closed));
      } else {
        this.accept(true);
      }
    });
  }
}
