import { Agent, fetch } from "undici";

/** Where an API server is, and who asks. */
export interface Access {
  readonly server: string;
  readonly token: string;
  /** The API server's certificate and that of its authority, in PEM, and the key. */
  readonly certificate: string;
  readonly key: string;
}

/** An answer of the API server that is an error. */
export class Refused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The API of Kubernetes, as far as the lab needs it. */
export class Api {
  private readonly access: Access;
  private readonly dispatcher: Agent;

  constructor(access: Access) {
    this.access = access;
    this.dispatcher = new Agent({ connect: { ca: access.certificate } });
  }

  get<T>(path: string): Promise<T> {
    return this.send("GET", path);
  }

  async list<T>(path: string): Promise<T[]> {
    return (await this.get<{ items: T[] }>(path)).items;
  }

  post<T>(path: string, body: object): Promise<T> {
    return this.send("POST", path, body);
  }

  /** Replaces what the body has; lists as a whole (RFC 7386). */
  merge(path: string, body: object): Promise<unknown> {
    return this.send("PATCH", path, body, "application/merge-patch+json");
  }

  /** Like {@link merge}, but lists are merged by their keys. */
  mergeLists(path: string, body: object): Promise<unknown> {
    const type = "application/strategic-merge-patch+json";
    return this.send("PATCH", path, body, type);
  }

  delete(path: string, body: object): Promise<unknown> {
    return this.send("DELETE", path, body);
  }

  private async send<T>(
    method: string,
    path: string,
    body?: object,
    type = "application/json",
  ): Promise<T> {
    const { server, token } = this.access;
    const answer = await fetch(`${server}${path}`, {
      method,
      dispatcher: this.dispatcher,
      signal: AbortSignal.timeout(10_000),
      headers: { authorization: `Bearer ${token}`, "content-type": type },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) {
      throw new Refused(answer.status, `${method} ${path}: ${text}`);
    }
    return JSON.parse(text);
  }
}
