import assert from "node:assert/strict";
import type { IncomingMessage, RequestListener } from "node:http";
import { type TestContext, test } from "node:test";
import type { Limits } from "../../../components/cloud/cloudHttp.ts";
import { endless } from "./lyingHttpServer.ts";

/** The objects that a request is for, or the message of its error, which is one short line without the token. */
export async function objectsOrMessage(
  request: Promise<object[]>,
  token: string,
): Promise<object[] | string> {
  try {
    return await request;
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

/** A client of an API whose lists come page by page. */
export interface ListClient {
  /** What an error is to begin with. */
  readonly question: string;
  /** A page that names a next one with this token. */
  readonly page: (token: string, request: IncomingMessage) => string;
  /** The objects of a list that a server answers so, or the message of the error. */
  readonly list: (
    t: TestContext,
    answer: RequestListener,
    limits?: Partial<Limits>,
  ) => Promise<object[] | string>;
  /** Answers that do not have the form of a list. */
  readonly wrong: readonly string[];
}

/** Tests that a list without an end, or of another form, is an error that names the question. */
export function testLists({ question, page, list, wrong }: ListClient): void {
  const saysWith = (said: object[] | string, pattern: RegExp, why?: string) => {
    assert.ok(String(said).startsWith(`${question}: `), why);
    assert.match(String(said), pattern, why);
  };

  test("a list that begins again is an error", async (t) => {
    const said = await list(t, (request, response) =>
      response.end(page("same", request)),
    );
    saysWith(said, /begins again/);
  });

  test("pages without end are an error", async (t) => {
    let i = 0;
    const said = await list(
      t,
      (request, response) => response.end(page(`${i++}`, request)),
      { pages: 20 },
    );
    assert.equal(i, 20);
    saysWith(said, /more than 20 pages/);
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
    saysWith(said, /more than 1048576 bytes/);
    // the kernel and the streams buffer some more
    assert.ok((await sent) < 32 * 2 ** 20);
  });

  test("an answer that begins and does not end is an error", async (t) => {
    const said = await list(t, (_, response) => void response.write("{"), {
      answerTime: 100,
    });
    saysWith(said, /: no whole answer within/);
  });

  test("an answer of another form is an error that names the question", async (t) => {
    for (const answer of wrong) {
      const said = await list(t, (_, response) => response.end(answer));
      saysWith(said, /: the answer is not/, answer);
    }
  });
}

/** JSON that is nested deeper than a program's stack. */
export const deep = `${"[".repeat(1e5)}${"]".repeat(1e5)}`;
