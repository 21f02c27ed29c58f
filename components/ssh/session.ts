import type { Client } from "ssh2";
import { foreignText } from "../core/plainText.ts";
import type { Connection } from "./connection.ts";
import {
  type Answer,
  type Limits,
  type Login,
  login,
  through,
  usualPatience,
} from "./login.ts";
import { Printed } from "./printed.ts";

const usualLimits: Limits = {
  connectTimeout: usualPatience,
  patience: usualPatience,
  // what a command may print, and as much again for several that print little
  received: 32 * 1024 ** 2,
};

/** Connections to hosts, each made once and kept until {@link Sessions.end}. */
export class Sessions {
  private readonly clients = new Map<string, Promise<Connection>>();

  private readonly limits: Limits;

  /** @param limits what each host is allowed; through a bastion goes what all of them send */
  constructor(limits = usualLimits) {
    this.limits = limits;
  }

  /** Logs in, through a bastion if there is one. Throws with the reason if that fails. */
  to(host: Login, bastion: Login | undefined): Promise<Connection> {
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
      const way = must(await through(jump, host, limits));
      return must(await login(host, limits, way));
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
    way: readonly (Login | undefined)[],
    connect: () => Promise<Connection>,
  ): Promise<Connection> {
    const key = JSON.stringify(
      way.map((end) => end && [end.host, end.port, end.user]),
    );
    const client = this.clients.get(key) ?? connect();
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

/** A host ran a command, which failed. Its message is what the command complained of. */
export class CommandFailed extends Error {}

/** How many bytes a command may print: a host's look with some thousand routes is less than a tenth of it. */
const mostPrinted = 16 * 1024 ** 2;

/** How many bytes it may complain with. */
const mostComplaint = 64 * 1024;

/** How many characters of a complaint are told: the reason may come after warnings of the login. */
const toldComplaint = 1000;

/**
 * Runs a command and returns what it prints. Throws a {@link CommandFailed} if it fails. A command that takes
 * too long or prints too much costs the connection.
 *
 * @param patience how long all of it may take, in milliseconds
 * @param most how many bytes it may print
 */
export function runOn(
  client: Client,
  command: string,
  input: string,
  patience: number,
  most = mostPrinted,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const done = (result: string | Error) => {
      clearTimeout(timer);
      client.removeListener("error", broken);
      client.removeListener("close", closed);
      if (result instanceof Error) {
        reject(result);
      } else {
        resolve(result);
      }
    };
    const fail = (reason: string) => done(new Error(reason));
    const giveUp = (reason: string) => {
      fail(reason);
      client.destroy();
    };
    const broken = (error: Error) => fail(foreignText(error.message));
    const closed = () => fail("the connection broke");
    const timer = setTimeout(
      () => giveUp(`no answer within ${patience / 1000} s`),
      patience,
    );
    client.on("error", broken);
    client.on("close", closed);
    const output = new Printed(most);
    const complaint = new Printed(mostComplaint);
    const take = (where: Printed, piece: Buffer) => {
      if (!where.add(piece)) {
        giveUp(`printed more than the ${where.most} bytes that are allowed`);
      }
    };
    try {
      client.exec(command, (error, channel) => {
        if (error) {
          broken(error);
          return;
        }
        channel.on("error", broken);
        channel.on("data", (piece: Buffer) => take(output, piece));
        channel.stderr.on("data", (piece: Buffer) => take(complaint, piece));
        channel.on("close", (code: number | null | undefined) => {
          if (code === 0) {
            done(output.text);
          } else {
            const why = foreignText(complaint.text, toldComplaint);
            done(new CommandFailed(why || `exit code ${code ?? "unknown"}`));
          }
        });
        channel.end(input);
      });
    } catch {
      // the library throws if there is no connection any more
      closed();
    }
  });
}
