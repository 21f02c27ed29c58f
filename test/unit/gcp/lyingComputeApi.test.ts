import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import { type TestContext, test } from "node:test";
import { z } from "zod";
import type { Limits } from "../../../components/cloud/cloudHttp.ts";
import { computeApi } from "../../../components/gcp/computeApi.ts";
import { GcpPodRoutes } from "../../../components/gcp/gcpPodRoutes.ts";
import { programError, recordCloud } from "../cloud/cloudStack.ts";
import { hostileTexts, lyingServer } from "../cloud/lyingHttpServer.ts";
import { deep, objectsOrMessage, testLists } from "../cloud/lyingLists.ts";

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
  const api = computeApi(`${url}/compute/v1/`, token, limits);
  return objectsOrMessage(api.all("projects/p/list", thing, key), token);
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

testLists({
  question: "GET projects/p/list",
  page,
  list,
  wrong: [
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
  ],
});

test("an answer that does not have the form of a list of all zones is an error", async (t) => {
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
    await recordCloud(() => ({ accessToken: token, project: "p-1" }));
    const args = { instances: { names: ["*"] }, network: "k" };
    const said = await programError(t, () => new GcpPodRoutes("routes", args));
    const lines = said.split("\n");
    assert.equal(lines.length, 3);
    assert.match(lines[1] ?? "", /^ {2}- GET projects\/p-1\/\S+: 403 [ -~]*$/);
    assert.ok(!said.includes(token));
    assert.ok(!said.includes("<{%"));
  }
});
