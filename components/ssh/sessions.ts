import type { Answer } from "./answer.ts";
import { openChannel } from "./bastionChannel.ts";
import type { Login } from "./endpoints.ts";
import { type Limits, usualPatience } from "./limits.ts";
import { login } from "./login.ts";
import type { SshClient } from "./sshClient.ts";

const usualLimits: Limits = {
  connectTimeout: usualPatience,
  patience: usualPatience,
  // what a command may print, and as much again for several that print little
  received: 32 * 1024 ** 2,
};

/** Logins on hosts, each made once and kept until {@link Sessions.end}. */
export class Sessions {
  private readonly clients = new Map<string, Promise<SshClient>>();

  private readonly limits: Limits;

  /** @param limits what each host is allowed; a bastion may send any amount, since it passes on what all of them send */
  constructor(limits = usualLimits) {
    this.limits = limits;
  }

  /** Logs in, through a bastion if there is one. Throws with the reason if that fails. */
  to(host: Login, bastion: Login | undefined): Promise<SshClient> {
    const { limits } = this;
    return this.once([bastion, host], async () => {
      if (bastion === undefined) {
        return must(await login(host, limits));
      }
      const jump = await this.once([bastion], async () =>
        must(
          await login(bastion, { ...limits, received: Infinity }),
          `bastion ${bastion.host}: `,
        ),
      );
      const channel = must(await openChannel(jump, host, limits));
      return must(await login(host, limits, channel));
    });
  }

  async end(): Promise<void> {
    for (const client of this.clients.values()) {
      await client.then(
        (one) => one.destroy(),
        () => {},
      );
    }
  }

  private once(
    path: readonly (Login | undefined)[],
    logIn: () => Promise<SshClient>,
  ): Promise<SshClient> {
    const key = JSON.stringify(
      path.map((end) => end && [end.host, end.port, end.user]),
    );
    const client = this.clients.get(key) ?? logIn();
    this.clients.set(key, client);
    return client;
  }
}

function must<T extends object>(got: T | Answer, prefix = ""): T {
  if ("reason" in got) {
    throw new Error(`${prefix}${got.reason}`);
  }
  return got;
}
