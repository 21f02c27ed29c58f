import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import { type TestContext, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { Limits } from "../../../components/cloud/cloudHttp.ts";
import { computeApi } from "../../../components/gcp/computeApi.ts";
import { GcpPodRoutes } from "../../../components/gcp/gcpPodRoutes.ts";
import {
  endless,
  hostileTexts,
  lyingServer,
} from "../cloud/lyingHttpServer.ts";
import { record, unhandledRejection } from "../mockedStack.ts";

const token = "ya29.token";
const thing = z.object({ name: z.string() });

/** The objects of a list that a server answers so, or the message of the error. */
async function list(
  t: TestContext,
  answer: RequestListener,
  limits?: Partial<Limits>,
  key?: string,
): Promise<object[] | string> {
  const { url } = await lyingServer(t, answer);
  const api = `${url}/compute/v1/`;
  try {
    return await computeApi(api, token, limits).all(
      "projects/p/list",
      thing,
      key,
    );
  } catch (error) {
    const { message } = error as Error;
    assert.match(message, /^[ -~]*$/);
    assert.ok(!message.includes("<{%"));
    assert.ok(message.length < 1500, `${message.length} characters`);
    assert.ok(!message.includes(token));
    assert.doesNotMatch(message, /TypeError|Cannot read|not iterable/);
    return message;
  }
}

const page = (nextPageToken?: unknown) =>
  JSON.stringify({ items: [{ name: "a" }], nextPageToken });

test("a list is read page by page, until there is no token of a next one or an empty one", async (t) => {
  for (const last of [undefined, null, ""]) {
    const found = await list(t, ({ url, headers }, response) => {
      assert.equal(headers.authorization, `Bearer ${token}`);
      response.end(page(url?.includes("pageToken=2%26") ? last : "2&"));
    });
    assert.deepEqual(found, [{ name: "a" }, { name: "a" }]);
  }
});

test("a list of all zones is joined, and zones without an object are passed over", async (t) => {
  const items = {
    "zones/a": { things: [{ name: "a" }] },
    "zones/b": { warning: { code: "NO_RESULTS_ON_PAGE" } },
    "zones/c": { things: [{ name: "c" }] },
  };
  const found = await list(
    t,
    (_, response) => response.end(JSON.stringify({ items })),
    {},
    "things",
  );
  assert.deepEqual(found, [{ name: "a" }, { name: "c" }]);
});

for (const status of [301, 302, 307, 308]) {
  test(`the token does not follow a redirect by ${status}`, async (t) => {
    const other = await lyingServer(t, (_, response) => response.end("{}"));
    const said = await list(t, (_, response) => {
      response.writeHead(status, { location: `${other.url}/x` }).end();
    });
    assert.match(String(said), /redirects to http:\/\/127\.0\.0\.1:\d+\/x/);
    assert.deepEqual(other.requests, []);
  });
}

test("pages without end are an error", async (t) => {
  let i = 0;
  const said = await list(t, (_, response) => response.end(page(`${i++}`)), {
    pages: 20,
  });
  assert.equal(i, 20);
  assert.match(String(said), /^GET projects\/p\/list: .*more than 20 pages/);
});

test("a list that begins again is an error", async (t) => {
  const said = await list(t, (_, response) => response.end(page("same")));
  assert.match(String(said), /^GET projects\/p\/list: .*begins again/);
});

test("a body without end is an error, and is not read on", async (t) => {
  let sent: Promise<number> = Promise.resolve(0);
  const said = await list(
    t,
    (_, response) => {
      sent = endless(response, " ".repeat(2 ** 16));
    },
    { bytes: 2 ** 20 },
  );
  assert.match(String(said), /more than 1048576 bytes/);
  assert.ok((await sent) < 32 * 2 ** 20);
});

test("an answer that does not end is an error", async (t) => {
  const said = await list(t, (_, response) => void response.write("{"), {
    answerTime: 100,
  });
  assert.match(String(said), /no whole answer within/);
});

test("an answer of another form is an error that names the question", async (t) => {
  const deep = `${"[".repeat(1e5)}${"]".repeat(1e5)}`;
  for (const answer of [
    "null",
    "1",
    "[]",
    "",
    "<html>",
    deep,
    `{"items":${deep}}`,
    '{"items":[null]}',
    '{"items":1}',
    '{"items":[{"name":1}]}',
    '{"items":[],"nextPageToken":{}}',
  ]) {
    const said = await list(t, (_, response) => response.end(answer));
    assert.match(
      String(said),
      /^GET projects\/p\/list: the answer is not/,
      answer,
    );
  }
  for (const answer of [
    '{"items":[{"name":"a"}]}',
    '{"items":{"zones/a":null}}',
    '{"items":{"zones/a\\n":{"things":{}}}}',
  ]) {
    const said = await list(
      t,
      (_, response) => response.end(answer),
      {},
      "things",
    );
    assert.match(String(said), /: the answer is not/, answer);
  }
});

test("what Google says is one line of the error that ends the program, without a token", async (t) => {
  for (const message of hostileTexts) {
    const { url } = await lyingServer(t, (_, response) => {
      response.writeHead(403).end(JSON.stringify({ error: { message } }));
    });
    process.env.GOOGLE_COMPUTE_CUSTOM_ENDPOINT = url;
    const failure = unhandledRejection(t);
    await record("", "organization", false, (asked) =>
      asked.token === "pulumi:pulumi:readStackResourceOutputs"
        ? { outputs: {} }
        : { accessToken: token, project: "p-1" },
    );
    new GcpPodRoutes("routes", { instances: { names: ["*"] }, network: "k" });
    const error = (await failure) as Error;
    t.mock.method(console, "error", () => {});
    pulumi.log.error("the program fails");
    assert.ok(pulumi.RunError.isInstance(error));
    const lines = error.message.split("\n");
    assert.equal(lines.length, 3);
    assert.match(lines[1] ?? "", /^ {2}- GET projects\/p-1\/\S+: 403 [ -~]*$/);
    assert.ok(!error.message.includes(token));
    assert.ok(!error.message.includes("<{%"));
  }
});
