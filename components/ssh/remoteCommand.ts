import type { Client } from "ssh2";
import { foreignText } from "../core/plainText.ts";
import { Printed } from "./printed.ts";

/** A host ran a command, which failed. Its message is what the command complained of. */
export class CommandFailed extends Error {}

/** How many bytes a command may print: a host's look with some thousand routes is less than a tenth of it. */
const mostPrinted = 16 * 1024 ** 2;

/** How many bytes of complaints it may print. */
const mostComplaint = 64 * 1024;

/** How many characters of its complaints a message shows: the reason may come after warnings of the login. */
const toldComplaint = 1000;

/**
 * Runs a command and returns what it prints. Throws a {@link CommandFailed} if it fails. If it takes
 * too long or prints too much, the connection is closed.
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
