import { foreignText } from "../core/plainText.ts";
import { fetchByProxy } from "./proxy.ts";

/** How much of a cloud's API is read at most. */
export interface Limits {
  /** Milliseconds until one answer has to be there, its body included. */
  readonly answerTime: number;
  /** Milliseconds until all pages of a list have to be there. */
  readonly listTime: number;
  /** Bytes of one answer, after it was unpacked. */
  readonly bytes: number;
  readonly pages: number;
  /** Objects of a list, on all its pages. */
  readonly objects: number;
}

/** Far above what clouds hold: Google's pages have 500 objects, of some kilobytes each. */
const usualLimits: Limits = {
  answerTime: 60_000,
  listTime: 300_000,
  bytes: 64 * 2 ** 20,
  pages: 1000,
  objects: 100_000,
};

/** So much of an answer that says what is wrong is read. */
const errorBytes = 2 ** 16;

interface Question {
  readonly method?: "GET" | "PUT";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** A status that is no error although it is none of success. The answer has no content then. */
  readonly allow?: number;
  /** When the answer has to be there, if that is earlier than usual. */
  readonly deadline?: number;
}

interface Answer {
  /** What was asked, for messages. */
  readonly question: string;
  readonly status: number;
  readonly content: unknown;
}

/** One page of a list, and where the next one is. */
export interface ListPage<T> {
  readonly items: readonly T[];
  readonly next: string | undefined;
}

/**
 * The API of a cloud, from its base URL on. The token goes nowhere else: neither to where an answer redirects to,
 * nor to a link of an answer that leads elsewhere. All that is read has limits.
 */
export class CloudHttp {
  private readonly base: URL;
  private readonly limits: Limits;

  private readonly token: Readonly<Record<string, string>>;

  /**
   * @param base where the API is, with a slash at its end
   * @param token the headers that show who asks
   */
  constructor(
    base: string,
    token: Readonly<Record<string, string>>,
    limits: Partial<Limits> = {},
  ) {
    this.token = token;
    this.limits = { ...usualLimits, ...limits };
    const url = URL.canParse(base) ? new URL(base) : undefined;
    if (
      url === undefined ||
      !/^https?:$/.test(url.protocol) ||
      url.username !== "" ||
      url.password !== ""
    ) {
      throw new Error(
        `${foreignText(withoutUser(base))} is not the URL of an API, expected http or https, a host, and no user`,
      );
    }
    this.base = url;
    for (const value of Object.values(token)) {
      // the error of fetch would show the token
      if (!/^[!-~]([ -~]*[!-~])?$/.test(value)) {
        throw new Error(
          "the token has other characters than printable ASCII, or none",
        );
      }
    }
  }

  /** @param link relative to the base, or a whole URL below it */
  async ask(link: string, asked: Question = {}): Promise<Answer> {
    const { method = "GET", headers = {}, body, allow, deadline } = asked;
    const url = this.below(link);
    const path = url.pathname.slice(this.base.pathname.length);
    const question = `${method} ${foreignText(path)}`;
    const { answerTime, bytes } = this.limits;
    const time = Math.min(
      answerTime,
      (deadline ?? Number.POSITIVE_INFINITY) - Date.now(),
    );
    try {
      const response = await fetchByProxy(url, {
        ...{ method, headers: { ...headers, ...this.token } },
        ...(body !== undefined && { body }),
        redirect: "manual",
        signal: AbortSignal.timeout(Math.max(0, time)),
      });
      const { status } = response;
      if (status === allow) {
        await response.body?.cancel();
        return { question, status, content: undefined };
      }
      if (status >= 300 && status < 400) {
        await response.body?.cancel();
        const to = foreignText(response.headers.get("location") ?? "nowhere");
        throw new Error(
          `${status} redirects to ${to}; that is not followed, for the token is meant for ${this.base.origin} alone`,
        );
      }
      if (!response.ok) {
        const { text } = await read(response, errorBytes);
        throw new Error(`${status} ${reason(text)}`);
      }
      const { text, isWhole } = await read(response, bytes);
      if (!isWhole) {
        throw new Error(`the answer has more than ${bytes} bytes`);
      }
      return { question, status, content: parsed(text) };
    } catch (error) {
      throw new Error(`${question}: ${why(error, time)}`);
    }
  }

  /**
   * All pages of a list.
   *
   * @param first where the first one is
   * @param page reads one
   */
  async pages<T>(
    first: string,
    page: (answer: Answer) => ListPage<T>,
    allow?: number,
  ): Promise<T[]> {
    const { listTime, pages, objects } = this.limits;
    const deadline = Date.now() + listTime;
    const all: T[] = [];
    const seen = new Set<string>();
    let link: string | undefined = first;
    while (link !== undefined) {
      const { href } = this.below(link);
      if (Date.now() >= deadline) {
        throw new Error(
          `the list ${foreignText(first)} was not whole after ${listTime / 1000} seconds`,
        );
      }
      const answer: Answer = await this.ask(href, {
        deadline,
        ...(allow !== undefined && { allow }),
      });
      const fail = (what: string): never => {
        throw new Error(`${answer.question}: ${what}`);
      };
      seen.add(href);
      const { items, next } = page(answer);
      for (const item of items) {
        all.push(item);
      }
      if (all.length > objects) {
        fail(`the list has more than ${objects} objects`);
      }
      if (next !== undefined && seen.size >= pages) {
        fail(`the list has more than ${pages} pages`);
      }
      if (next !== undefined && seen.has(this.below(next).href)) {
        fail(`the list begins again after ${seen.size} pages`);
      }
      link = next;
    }
    return all;
  }

  /** Where a link leads, which has to be below the base. */
  private below(link: string): URL {
    const { origin, pathname } = this.base;
    const url = URL.canParse(link, this.base.href)
      ? new URL(link, this.base)
      : undefined;
    if (
      url?.origin !== origin ||
      url.username !== "" ||
      url.password !== "" ||
      !url.pathname.startsWith(pathname)
    ) {
      throw new Error(
        `the link ${foreignText(withoutUser(link))} does not lead below ${origin}${pathname}, and the token is meant for that alone`,
      );
    }
    return url;
  }
}

/** The text of an answer, or its beginning where it is longer. */
async function read(
  response: Response,
  limit: number,
): Promise<{ text: string; isWhole: boolean }> {
  const decoder = new TextDecoder();
  const parts: string[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > limit) {
      const rest = chunk.length - (size - limit);
      parts.push(decoder.decode(chunk.subarray(0, rest)));
      return { text: parts.join(""), isWhole: false };
    }
    parts.push(decoder.decode(chunk, { stream: true }));
  }
  return { text: parts.join("") + decoder.decode(), isWhole: true };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`the answer is not JSON: ${plain(text)}`);
  }
}

/** What Neutron, Keystone and Google say of an error in their forms, or the text itself where it is in none of them. */
function reason(text: string): string {
  try {
    const { NeutronError, error } = JSON.parse(text);
    const { message } = NeutronError ?? error;
    if (typeof message === "string") {
      return foreignText(message);
    }
  } catch {
    // it is in another form
  }
  return plain(text);
}

/** The words of a text that may be a page of HTML. */
function plain(text: string): string {
  return foreignText(text.slice(0, 10_000).replace(/<[^<>]*>/g, " "));
}

/** A URL without a password, of text that need not be a URL. */
function withoutUser(url: string): string {
  return url.slice(0, 1000).replace(/\/\/[^/@]*@/, "//");
}

/** Why no answer came. Node.js does not look at OS_CACERT. */
function why(error: unknown, time: number): string {
  if (!(error instanceof Error)) {
    return foreignText(String(error));
  }
  if (error.name === "TimeoutError") {
    return `no whole answer within ${Math.round(time / 1000)} seconds`;
  }
  let cause: NodeJS.ErrnoException = error;
  while (cause.cause instanceof Error) {
    cause = cause.cause;
  }
  const text = foreignText(cause.message || cause.code || error.message, 1000);
  return /certificate/i.test(text)
    ? `${text}; for a cloud with a certificate authority of its own: export NODE_EXTRA_CA_CERTS=FILE`
    : text;
}
