import { Agent, request } from "node:https";

/** Where an API server is, and who asks. */
export interface Access {
  readonly server: string;
  readonly token: string;
  /** The API server's certificate and that of its authority, in PEM, and the key. */
  readonly certificate: string;
  readonly key: string;
}

/** The API server has refused. */
export class Refused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The API of Kubernetes, as far as the lab needs it. */
export class Api {
  private readonly agent: Agent;

  private readonly access: Access;

  constructor(access: Access) {
    this.access = access;
    this.agent = new Agent({ keepAlive: true, ca: access.certificate });
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

  private send<T>(
    method: string,
    path: string,
    body?: object,
    type = "application/json",
  ): Promise<T> {
    const { server, token } = this.access;
    const { promise, resolve, reject } = withResolvers<T>();
    const text = JSON.stringify(body) ?? "";
    const asked = request(
      `${server}${path}`,
      {
        method,
        agent: this.agent,
        timeout: 10_000,
        headers: {
          authorization: `Bearer ${token}`,
          "content-type": type,
          // Node.js says it by itself, but not where it deletes
          "content-length": Buffer.byteLength(text),
        },
      },
      (answer) => {
        let said = "";
        answer.setEncoding("utf8");
        answer.on("data", (data) => {
          said += data;
        });
        answer.on("error", reject);
        answer.on("end", () => {
          const { statusCode = 0 } = answer;
          if (statusCode < 300) {
            resolve(JSON.parse(said));
          } else {
            reject(new Refused(statusCode, `${method} ${path}: ${said}`));
          }
        });
      },
    );
    asked.on("timeout", () => asked.destroy(new Error(`${path}: no answer`)));
    asked.on("error", reject);
    asked.end(text);
    return promise;
  }
}

/** Promise.withResolvers, which Node.js 20 does not have. */
function withResolvers<T>() {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
