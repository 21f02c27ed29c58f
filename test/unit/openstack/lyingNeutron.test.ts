import assert from "node:assert/strict";
import type { IncomingMessage, RequestListener } from "node:http";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { z } from "zod";
import type { Limits } from "../../../components/cloud/cloudHttp.ts";
import { neutron } from "../../../components/openstack/openStackApi.ts";
import { OpenStackPodRoutes } from "../../../components/openstack/openStackPodRoutes.ts";
import {
  openStackScope,
  programError,
  recordCloud,
} from "../cloud/cloudStack.ts";
import {
  endless,
  hostileTexts,
  lyingServer,
} from "../cloud/lyingHttpServer.ts";
import { deep, objectsOrMessage, testLists } from "../cloud/lyingLists.ts";
import { anyText } from "../hostileText.ts";

const token = "gAAAAAB-token";
const thing = z.object({ id: z.string() });

/** The subnets of a list that a server answers so, or the message of the error. */
async function list(
  t: TestContext,
  answer: RequestListener,
  limits?: Partial<Limits>,
): Promise<object[] | string> {
  const { url } = await lyingServer(t, answer);
  return listAt(url, limits);
}

const listAt = (url: string, limits?: Partial<Limits>) =>
  objectsOrMessage(
    neutron(`${url}/v2.0/`, token, limits).list("subnets", thing),
    token,
  );

const next = (href: string) =>
  JSON.stringify({
    subnets: [{ id: "a" }],
    subnets_links: [{ rel: "next", href }],
  });

/** A page of subnets, and a link to the one behind this marker. */
const page = (marker: string, { headers }: IncomingMessage) =>
  next(`http://${headers.host}/v2.0/subnets?marker=${marker}`);

test("a list of several pages is read to its end", async (t) => {
  const server = await lyingServer(t, ({ url, headers }, response) => {
    assert.equal(headers["x-auth-token"], token);
    const last = JSON.stringify({ subnets: [{ id: "b" }] });
    response.end(
      url === "/v2.0/subnets"
        ? next(`http://${headers.host}/v2.0/subnets?marker=a`)
        : last,
    );
  });
  assert.deepEqual(await listAt(server.url), [{ id: "a" }, { id: "b" }]);
});

test("the token does not follow a link to another origin or another path, and the error names the link", async (t) => {
  const other = await lyingServer(t, (_, response) => response.end("{}"));
  const own = (host: string | undefined, path: string) =>
    `http://${host}${path}`;
  for (const link of [
    () => `${other.url}/v2.0/subnets?marker=a`,
    () => `//${new URL(other.url).host}/v2.0/subnets`,
    () => "http://user:word@127.0.0.1/v2.0/subnets",
    (host?: string) => own(host, "/other/subnets"),
    (host?: string) => own(host, "/v2.0/../admin"),
    (host?: string) => own(host, "/v2.0/%2e%2e/admin"),
    (host?: string) => `http://user:word@${host}/v2.0/subnets`,
    () => "file:///etc/passwd",
    () => "http://[",
  ]) {
    const server = await lyingServer(t, ({ headers }, response) => {
      response.end(next(link(headers.host)));
    });
    const said = await listAt(server.url);
    assert.match(String(said), /does not lead below http:\/\/127\.0\.0\.1/);
    assert.doesNotMatch(String(said), /word/);
    assert.equal(server.requests.length, 1);
  }
  assert.deepEqual(other.requests, []);
});

for (const status of [301, 302, 303, 307, 308]) {
  test(`the token does not follow a redirect by ${status}, to wherever it leads`, async (t) => {
    const other = await lyingServer(t, (_, response) => response.end("{}"));
    for (const location of [`${other.url}/v2.0/subnets`, "/v2.0/networks"]) {
      const server = await lyingServer(t, (_, response) => {
        response.writeHead(status, { location }).end();
      });
      const said = String(await listAt(server.url));
      assert.ok(said.includes(`${status} redirects to ${location}`), said);
      const api = neutron(`${server.url}/v2.0/`, token);
      await assert.rejects(api.update("subnets", "a", 1, {}), /redirects to/);
      assert.equal(server.requests.length, 2);
    }
    assert.deepEqual(other.requests, []);
  });
}

test("objects without end are an error", async (t) => {
  let i = 0;
  const said = await list(
    t,
    (request, response) => response.end(page(`${i++}`, request)),
    { objects: 7 },
  );
  assert.match(String(said), /^GET subnets: .*more than 7 objects/);
});

test("more objects on a page than a function has arguments are read", async (t) => {
  const subnets = Array.from({ length: 200_000 }, () => ({ id: "a" }));
  const found = await list(
    t,
    (_, response) => response.end(JSON.stringify({ subnets })),
    { objects: 200_000 },
  );
  assert.equal(found.length, 200_000);
});

test("a list whose pages come one by one for too long is an error", async (t) => {
  let i = 0;
  const said = await list(
    t,
    (request, response) => {
      setTimeout(() => response.end(page(`${i++}`, request)), 20);
    },
    { listTime: 1000 },
  );
  assert.match(String(said), /was not whole after|no whole answer within/);
  assert.ok(i > 1);
});

test("an error without end is cut", async (t) => {
  const said = await list(t, (_, response) => {
    response.writeHead(500);
    void endless(response, "no ");
  });
  assert.match(String(said), /^GET subnets: 500 no no no/);
});

test("an answer that is large once it is unpacked is an error", async (t) => {
  const packed = gzipSync(Buffer.alloc(2 ** 24, " "));
  const said = await list(
    t,
    (_, response) => {
      response.writeHead(200, { "Content-Encoding": "gzip" }).end(packed);
    },
    { bytes: 2 ** 20 },
  );
  assert.ok(packed.length < 2 ** 20);
  assert.match(String(said), /more than 1048576 bytes/);
});

test("an answer that never comes is an error", async (t) => {
  const said = await list(t, () => {}, { answerTime: 100 });
  assert.match(String(said), /^GET subnets: no whole answer within/);
});

test("an answer that breaks off is an error", async (t) => {
  const said = await list(t, (_, response) => {
    response.writeHead(200, { "Content-Length": 1000 });
    response.write('{"subnets":', () => response.destroy());
  });
  assert.match(String(said), /^GET subnets: /);
});

test("what an error says is one line, whatever it says and in whatever form", async (t) => {
  for (const text of hostileTexts) {
    for (const body of [
      text,
      JSON.stringify({ NeutronError: { message: text, type: text } }),
      JSON.stringify({ error: { message: text, code: 401 } }),
      `<html><head><title>${text}</title></head><body>${text}</body></html>`,
    ]) {
      const said = await list(t, (_, response) => {
        response.writeHead(503).end(body);
      });
      assert.match(String(said), /^GET subnets: 503 /);
    }
  }
});

test("an error in HTML is said without its tags", async (t) => {
  const said = await list(t, (_, response) => {
    response.writeHead(502).end("<html><b>Bad</b>\n<i>Gateway</i></html>");
  });
  assert.equal(said, "GET subnets: 502 Bad Gateway");
});

test("an error of Neutron and one of Keystone are said in their own words", async (t) => {
  for (const key of ["NeutronError", "error"]) {
    const said = await list(t, (_, response) => {
      response.writeHead(401);
      response.end(JSON.stringify({ [key]: { message: "Who are you?" } }));
    });
    assert.equal(said, "GET subnets: 401 Who are you?");
  }
});

const wrong: readonly unknown[] = [
  null,
  1,
  "subnets",
  [],
  {},
  { subnets: null },
  { subnets: {} },
  { subnets: [null] },
  { subnets: [[]] },
  { subnets: [{}] },
  { subnets: [{ id: 1 }] },
  { subnets: [], subnets_links: {} },
  { subnets: [], subnets_links: [null] },
  { subnets: [], subnets_links: [{ rel: "next", href: 1 }] },
];
testLists({
  question: "GET subnets",
  page,
  list,
  wrong: [
    ...wrong.map((one) => JSON.stringify(one)),
    "",
    "{",
    deep,
    `{"subnets":${deep}}`,
  ],
});

test("an error of another form is an error that names the question", async (t) => {
  for (const error of [
    ...wrong.map((one) => JSON.stringify(one)),
    '{"NeutronError":1}',
    '{"NeutronError":null}',
    '{"error":[]}',
    '{"NeutronError":{"message":{}}}',
    deep,
    `{"NeutronError":{"message":${deep}}}`,
  ]) {
    const said = await list(t, (_, response) => {
      response.writeHead(400).end(error);
    });
    assert.match(String(said), /^GET subnets: 400 /);
  }
});

test("any JSON is an answer or an error that names the question", async (t) => {
  let body = "";
  const { url } = await lyingServer(t, (_, response) => response.end(body));
  const part = fc.oneof(fc.jsonValue(), anyText);
  const answer = fc.oneof(
    part,
    fc.record({
      subnets: fc.array(fc.oneof(part, fc.record({ id: part }))),
      subnets_links: fc.array(fc.record({ rel: part, href: part })),
    }),
  );
  await fc.assert(
    fc.asyncProperty(answer, async (json) => {
      body = JSON.stringify(json);
      const said = await listAt(url);
      assert.ok(typeof said !== "string" || said.startsWith("GET subnets: "));
    }),
  );
});

test("a token that no header can carry is refused, and not shown", () => {
  for (const bad of ["", "a\nb", "gAAAAAB\u00e9", " "]) {
    assert.throws(
      () => neutron("http://127.0.0.1/v2.0/", bad),
      ({ message }: Error) =>
        message.includes("token") && !/gAAA/.test(message),
    );
  }
});

for (const url of [
  "file:///etc/passwd",
  "ftp://127.0.0.1/",
  "data:text/plain,x",
  "http://user:word@127.0.0.1/",
  "neutron",
  "",
]) {
  test(`an endpoint ${url} is refused`, () => {
    assert.throws(
      () => neutron(url, token),
      ({ message }: Error) =>
        /is not the URL of an API/.test(message) && !message.includes("word"),
    );
  });
}

/** The error that ends the program where Neutron and Keystone answer so. */
async function ending(
  t: TestContext,
  answer: RequestListener,
  scope: object = {},
): Promise<string> {
  const { url } = await lyingServer(t, answer);
  await recordCloud(() => ({ ...openStackScope(url, token), ...scope }));
  const node = { name: "worker-0", internalIp: "10.240.0.20" };
  const nodes = [{ ...node, podCidrs: ["10.200.0.0/24"] }];
  return programError(t, () => new OpenStackPodRoutes("routes", { nodes }));
}

test("what Neutron says is one line of the error that ends the program, and its stack is none", async (t) => {
  const said = await ending(t, (_, response) => {
    const message = hostileTexts.join("");
    response.writeHead(403);
    response.end(JSON.stringify({ NeutronError: { message } }));
  });
  const lines = said.split("\n");
  assert.equal(lines.length, 3);
  assert.match(lines[1] ?? "", /^ {2}- GET subnets: 403 [ -~]*$/);
});

for (const [what, scope] of [
  ["a catalogue of nothing", { serviceCatalogs: null }],
  ["a catalogue with holes", { serviceCatalogs: [null] }],
  ["a token that is a number", { tokenId: 1 }],
  ["an endpoint that is no URL", openStackScope("file:///etc\n", token)],
] as const) {
  test(`${what} ends the program with one line`, async (t) => {
    const said = await ending(t, () => {}, scope);
    assert.match(said, /^OpenStack could not be asked [ -~]*\n {2}- [ -~]*\n/);
    assert.doesNotMatch(said, /TypeError|Cannot read/);
  });
}
