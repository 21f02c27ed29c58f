import { foreignText } from "../core/plainText.ts";
import { fetchByProxy } from "./proxy.ts";

/** Limits on what is read from a cloud's API. */
export interface Limits {
  /** Milliseconds within which one answer must be complete, with its body. */
  readonly answerTime: number;
  /** Milliseconds within which all pages of a list must be complete. */
  readonly listTime: number;
  /** Bytes of one answer after decompression. */
  readonly bytes: number;
  readonly pages: number;
  /** Objects of a list, on all its pages. */
  readonly objects: number;
}

/** Far more than clouds answer: Google's pages have 500 objects of some kilobytes each. */
const usualLimits: Limits = {
  answerTime: 60_000,
  listTime: 300_000,
  bytes: 64 * 2 ** 20,
  pages: 1000,
  objects: 100_000,
};

/** How many bytes of an error answer are read. */
const errorBytes = 2 ** 16;

interface RequestOptions {
  readonly method?: "GET" | "PUT";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** A status outside of 2xx that is not an error. Its answer has no content. */
  readonly allow?: number;
  /** The time at which the answer must be complete, if that is earlier than usual. */
  readonly deadline?: number;
}

interface Answer {
  /** Method and path of the request, for messages: `GET subnets`. */
  readonly request: string;
  readonly status: number;
  readonly content: unknown;
}

/** One page of a list, and where the next one is. */
export interface ListPage<T> {
  readonly items: readonly T[];
  readonly next: string | undefined;
}

/**
 * Client of a cloud's HTTP API. It sends the token only to URLs below the base URL: it follows no redirect, and no
 * link of an answer that leads elsewhere. Everything that it reads is limited.
 */
export class CloudHttp {
  private readonly base: URL;
  private readonly limits: Limits;

  private readonly token: Readonly<Record<string, string>>;

  /**
   * @param base the URL of the API, with a slash at its end
   * @param token the headers that authenticate the requests
   */
  constructor(
    base: string,
    token: Readonly<Record<string, string>>,
    limits: Partial<Limits> = {},
  ) {
    this.token = token;
    this.limits = { ...usualLimits, ...limits };
    const url = URL.parse(base);
    if (
      url === null ||
      !/^https?:$/.test(url.protocol) ||
      url.username !== "" ||
      url.password !== ""
    ) {
      throw new Error(
        `${foreignText(withoutPassword(base))} is not the URL of an API, expected http or https, a host, and no user`,
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
  async request(link: string, options: RequestOptions = {}): Promise<Answer> {
    const { method = "GET", headers = {}, body, allow, deadline } = options;
    const url = this.urlOf(link);
    const path = url.pathname.slice(this.base.pathname.length);
    const request = `${method} ${foreignText(path)}`;
    const { answerTime, bytes } = this.limits;
    const time = Math.min(
      answerTime,
      (deadline ?? Number.POSITIVE_INFINITY) - Date.now(),
    );
    try {
      const response = await fetchByProxy(url, {
        method,
        headers: { ...headers, ...this.token },
        ...(body !== undefined && { body }),
        redirect: "manual",
        signal: AbortSignal.timeout(Math.max(0, time)),
      });
      const { status } = response;
      if (status === allow) {
        await response.body?.cancel();
        return { request, status, content: undefined };
      }
      if (status >= 300 && status < 400) {
        await response.body?.cancel();
        const to = foreignText(response.headers.get("location") ?? "nowhere");
        throw new Error(
          `${status} redirects to ${to}; that is not followed, for the token is meant for ${this.base.origin} alone`,
        );
      }
      if (!response.ok) {
        const { text } = await readText(response, errorBytes);
        throw new Error(`${status} ${errorMessage(text)}`);
      }
      const { text, isWhole } = await readText(response, bytes);
      if (!isWhole) {
        throw new Error(`the answer has more than ${bytes} bytes`);
      }
      return { request, status, content: parseJson(text) };
    } catch (error) {
      throw new Error(`${request}: ${failure(error, time)}`);
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
      const { href } = this.urlOf(link);
      if (Date.now() >= deadline) {
        throw new Error(
          `the list ${foreignText(first)} was not whole after ${listTime / 1000} seconds`,
        );
      }
      const answer: Answer = await this.request(href, {
        deadline,
        ...(allow !== undefined && { allow }),
      });
      const fail = (what: string): never => {
        throw new Error(`${answer.request}: ${what}`);
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
      if (next !== undefined && seen.has(this.urlOf(next).href)) {
        fail(`the list begins again after ${seen.size} pages`);
      }
      link = next;
    }
    return all;
  }

  /** The URL of a link. A link that does not lead below the base is an error. */
  private urlOf(link: string): URL {
    const { origin, pathname } = this.base;
    const url = URL.parse(link, this.base.href);
    if (
      url?.origin !== origin ||
      url.username !== "" ||
      url.password !== "" ||
      !url.pathname.startsWith(pathname)
    ) {
      throw new Error(
        `the link ${foreignText(withoutPassword(link))} does not lead below ${origin}${pathname}, and the token is meant for that alone`,
      );
    }
    return url;
  }
}

/** The text of an answer, or its first bytes where it has more than the limit. */
async function readText(
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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`the answer is not JSON: ${withoutTags(text)}`);
  }
}

/** The message of an error answer of Neutron, Keystone or Google, or the text itself where it has another form. */
function errorMessage(text: string): string {
  try {
    const { NeutronError, error } = JSON.parse(text);
    const { message } = NeutronError ?? error;
    if (typeof message === "string") {
      return foreignText(message);
    }
  } catch {
    // it has another form
  }
  return withoutTags(text);
}

/** A text without HTML tags. */
function withoutTags(text: string): string {
  return foreignText(text.slice(0, 10_000).replace(/<[^<>]*>/g, " "));
}

/** A text, which may be no URL, without the user and the password of a URL. */
function withoutPassword(url: string): string {
  return url.slice(0, 1000).replace(/\/\/[^/@]*@/, "//");
}

/** Why a request failed. Node.js does not read OS_CACERT, so an error of a certificate names the variable that it reads. */
function failure(error: unknown, time: number): string {
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
