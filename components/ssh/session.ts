import { Client } from "ssh2";
import { type Login, login, through } from "./login";

/** Connections to hosts, each made once and kept until {@link Sessions.end}. */
export class Sessions {
  private readonly clients = new Map<string, Promise<Client>>();

  /** Logs in, through a bastion if there is one. Throws with the reason if that fails. */
  to(host: Login, bastion: Login | undefined): Promise<Client> {
    return this.once([bastion, host], async () => {
      if (bastion === undefined) {
        return connected(await login(host));
      }
      const jump = await this.once([bastion], async () =>
        connected(await login(bastion), `bastion ${bastion.host}: `),
      );
      return connected(await login(host, await through(jump, host)));
    });
  }

  async end(): Promise<void> {
    for (const client of this.clients.values()) {
      await client.then(
        (one) => one.end(),
        () => {},
      );
    }
  }

  private once(
    way: readonly (Login | undefined)[],
    connect: () => Promise<Client>,
  ): Promise<Client> {
    const key = JSON.stringify(
      way.map((end) => end && [end.host, end.port, end.user]),
    );
    const client = this.clients.get(key) ?? connect();
    this.clients.set(key, client);
    return client;
  }
}

function connected(answer: Awaited<ReturnType<typeof login>>, prefix = "") {
  if (answer instanceof Client) {
    return answer;
  }
  throw new Error(
    `${prefix}${answer.state === "silent" ? "takes the connection and says nothing" : answer.reason}`,
  );
}

/**
 * Runs a command and returns what it prints. Throws with what it complained of if it fails.
 *
 * @param patience how long it may take, in milliseconds
 */
export function runOn(
  client: Client,
  command: string,
  input: string,
  patience: number,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`no answer within ${patience / 1000} s`));
      client.destroy();
    }, patience);
    const fail = (error: Error) => {
      clearTimeout(timer);
      reject(error);
    };
    client.on("error", fail);
    client.on("close", () => fail(new Error("the connection broke")));
    client.exec(command, (error, channel) => {
      if (error) {
        fail(error);
        return;
      }
      let [out, complaint] = ["", ""];
      channel.setEncoding("utf8").on("data", (data: string) => {
        out += data;
      });
      channel.stderr.setEncoding("utf8").on("data", (data: string) => {
        complaint += data;
      });
      channel.on("close", (code: number | null) => {
        clearTimeout(timer);
        client.removeListener("error", fail);
        if (code === 0) {
          resolve(out);
        } else {
          const why = complaint.trim().replace(/\s+/g, " ");
          reject(new Error(why || `exit code ${code}`));
        }
      });
      channel.end(input);
    });
  });
}
