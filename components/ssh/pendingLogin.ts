import type { Duplex } from "node:stream";
import { foreignText } from "../core/plainText.ts";
import { type Answer, compareHostKey, explainError } from "./answer.ts";
import { type Limits, limitTime } from "./limits.ts";
import { type Login, startLogin } from "./login.ts";
import { runOn } from "./remoteCommand.ts";
import { SshClient } from "./sshClient.ts";

/** A command that installs on a host what later commands there need, and its standard input. */
export interface Installation {
  readonly command: string;
  readonly input: string;
}

/** What a host is allowed that is asked for its key, and has something installed. */
export interface InstallationLimits extends Limits {
  /** How long the installation may take, in milliseconds. */
  readonly installation: number;
}

/** How many bytes an installation may print; ours prints nothing. */
const mostPrinted = 64 * 1024;

const closed = "closed the connection";

/** A login that waits at the key that the server shows. It goes on when something is installed, or is closed. */
export class PendingLogin {
  /** What came of the key. That the server can sign with it shows when the login goes on. */
  readonly answer: Promise<Answer>;
  private readonly client = new SshClient();
  private accept = (_isRight: boolean): void => {};
  private isClosed = false;

  private readonly limits: InstallationLimits;

  /** @param channel through a bastion; without one, the host is dialled */
  constructor(
    to: Login,
    limits: InstallationLimits,
    channel: Duplex | undefined,
  ) {
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
        done({ state: "unreachable", reason: closed });
      });
      startLogin(client, to, limits, channel, (key, accept) => {
        this.accept = accept;
        done(compareHostKey(key, to));
      });
    });
  }

  /** Logs in, installs this, and closes the connection. */
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
      this.close();
    }
  }

  close(): void {
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
