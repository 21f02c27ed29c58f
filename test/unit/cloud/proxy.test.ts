import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type RequestListener, request } from "node:http";
import { createServer as createTlsServer } from "node:https";
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Socket,
} from "node:net";
import { type TestContext, test } from "node:test";
import { CloudHttp, type Limits } from "../../../components/cloud/cloudHttp.ts";
import { run } from "../../../lab/exec.ts";
import { directory } from "../mockedStack.ts";
import { closedPort, listen } from "../ssh/servers.ts";
import { endless, lyingServer } from "./lyingHttpServer.ts";

const token = { "X-Auth-Token": "gAAAAAB" };

/** Sets variables of the environment for as long as the test runs; there are no others about proxies. */
function environment(t: TestContext, env: Record<string, string>): void {
  const names = ["http", "https", "no", "all"].map((name) => `${name}_proxy`);
  const all = [...names, ...names.map((name) => name.toUpperCase())];
  const before = all.map((name) => [name, process.env[name]] as const);
  const set = (pairs: readonly (readonly [string, string | undefined])[]) => {
    for (const [name, value] of pairs) {
      delete process.env[name];
      if (value !== undefined) {
        process.env[name] = value;
      }
    }
  };
  set([
    ...all.map((name) => [name, undefined] as const),
    ...Object.entries(env),
  ]);
  t.after(() => set(before));
}

/** A proxy that records its requests, and sends all of them to this machine. */
async function proxy(t: TestContext) {
  const asked: string[] = [];
  const sockets: Socket[] = [];
  const server = createServer((from, to) => {
    asked.push(`${from.method} ${from.url} ${from.headers["x-auth-token"]}`);
    const { port, pathname, search } = new URL(from.url ?? "");
    const onward = request(
      {
        port,
        path: pathname + search,
        method: from.method ?? "GET",
        headers: from.headers,
      },
      (answer) => {
        to.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(to);
      },
    );
    to.on("close", () => onward.destroy());
    from.pipe(onward);
  });
  server.on("connect", (from, socket: Socket) => {
    asked.push(`${from.method} ${from.url} ${from.headers["x-auth-token"]}`);
    const onward = connect(Number(from.url?.split(":")[1]), "127.0.0.1");
    sockets.push(socket, onward);
    socket.on("error", () => onward.destroy());
    onward.on("error", () => socket.destroy());
    socket.write("HTTP/1.1 200 OK\r\n\r\n");
    socket.pipe(onward).pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
    for (const socket of sockets) {
      socket.destroy();
    }
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, asked };
}

/** An API that is not on this machine, by its name; only the proxy finds it. */
async function api(t: TestContext, answer: RequestListener) {
  const server = await lyingServer(t, answer);
  const { port } = new URL(server.url);
  return { ...server, url: `http://api.example:${port}/v2.0/` };
}

/** Requests a list from the API. */
const ask = (url: string, limits: Partial<Limits> = {}) =>
  new CloudHttp(url, token, limits).request("subnets?a=b");

const fine: RequestListener = (_, response) => response.end('{"subnets":[]}');

for (const name of ["http_proxy", "HTTP_PROXY"]) {
  test(`an API that speaks http is asked through ${name}`, async (t) => {
    const { url: by, asked } = await proxy(t);
    environment(t, { [name]: by });
    const { url, requests } = await api(t, fine);
    assert.deepEqual((await ask(url)).content, { subnets: [] });
    assert.deepEqual(asked, [`GET ${url}subnets?a=b gAAAAAB`]);
    assert.equal(requests.length, 1);
  });
}

test("an API that speaks https is asked through a tunnel of HTTPS_PROXY, where the proxy sees no token", async (t) => {
  const { url: by, asked } = await proxy(t);
  environment(t, { HTTPS_PROXY: by, HTTP_PROXY: "http://127.0.0.1:1" });
  await run(
    "openssl",
    [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-subj",
      "/CN=api.example",
      "-keyout",
      "tls.key",
      "-out",
      "tls.pem",
    ],
    { cwd: directory },
  );
  const [key, cert] = ["key", "pem"].map((end) =>
    readFileSync(`${directory}/tls.${end}`),
  );
  const server = createTlsServer({ key, cert } as object, fine);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  // the certificate is self-signed, so its error shows that the tunnel leads to the API and that TLS is checked
  await assert.rejects(ask(`https://api.example:${port}/v2.0/`), /certificate/);
  assert.deepEqual(asked, [`CONNECT api.example:${port} undefined`]);
});

for (const no of ["api.example", ".example", "*"]) {
  test(`an API that NO_PROXY=${no} names is asked without a proxy`, async (t) => {
    const { url: by, asked } = await proxy(t);
    environment(t, { HTTP_PROXY: by, NO_PROXY: no });
    const { url } = await api(t, fine);
    await assert.rejects(ask(url), /ENOTFOUND|EAI_AGAIN/);
    assert.deepEqual(asked, []);
  });
}

test("an API on this machine is asked without a proxy, as the providers do", async (t) => {
  const { url: by, asked } = await proxy(t);
  environment(t, { HTTP_PROXY: by });
  const { url } = await lyingServer(t, fine);
  await ask(`${url}/v2.0/`);
  assert.deepEqual(asked, []);
});

test("through a proxy, too, the token does not follow a redirect", async (t) => {
  const { url: by, asked } = await proxy(t);
  environment(t, { HTTP_PROXY: by });
  const { url } = await api(t, (_, response) =>
    response.writeHead(302, { location: "http://evil.example/" }).end(),
  );
  await assert.rejects(ask(url), /redirects to http:\/\/evil\.example/);
  assert.equal(asked.length, 1);
});

test("through a proxy, too, a body without end is not read on", async (t) => {
  const { url: by } = await proxy(t);
  environment(t, { HTTP_PROXY: by });
  let sent: Promise<number> = Promise.resolve(0);
  const { url } = await api(t, (_, response) => {
    sent = endless(response, " ".repeat(2 ** 16));
  });
  await assert.rejects(ask(url, { bytes: 2 ** 20 }), /more than 1048576 bytes/);
  assert.ok((await sent) < 32 * 2 ** 20);
});

test("through a proxy, too, an answer that does not end is an error", async (t) => {
  const { url: by } = await proxy(t);
  environment(t, { HTTP_PROXY: by });
  const { url } = await api(t, (_, response) => void response.write("{"));
  await assert.rejects(ask(url, { answerTime: 500 }), /no whole answer within/);
});

test("a proxy that refuses, hangs up, does not answer or is none is an error in one line", async (t) => {
  const { url } = await api(t, fine);
  const refusal = "HTTP/1.1 407 \u001b[2J\r\n\r\n";
  const refusing = createServer((_, response) => response.writeHead(407).end());
  refusing.on("connect", (_, socket: Socket) => socket.end(refusal));
  const connections: Socket[] = [];
  const hangingUp = createTcpServer((socket) => {
    connections.push(socket);
    socket.destroy();
  });
  const ports = [await listen(t, refusing), await listen(t, hangingUp)];
  for (const by of [
    ...[...ports, await closedPort()].map((port) => `http://127.0.0.1:${port}`),
    "socks5://127.0.0.1:1",
    "http://[",
  ]) {
    environment(t, { HTTP_PROXY: by, HTTPS_PROXY: by });
    for (const base of [url, url.replace("http:", "https:")]) {
      await assert.rejects(
        ask(base, { answerTime: 10_000 }),
        ({ message }: Error) =>
          /^GET subnets: [ -~]*(407|clos|REFUSED|proxy)[ -~]*$/.test(message),
      );
    }
  }
  assert.ok(connections.length <= 10, `${connections.length} connections`);
});
