/** The variables that say where an OpenStack is and who asks. */
type Env = Readonly<Record<string, string>>;

/** A service in Keystone's catalogue. */
interface Service {
  readonly type: string;
  readonly endpoints: readonly { interface: string; url: string }[];
}

/** Speaks to the services of an OpenStack in the name of a user. */
export class OpenStackClient {
  private readonly token: string;
  private readonly catalog: readonly Service[];

  private constructor(token: string, catalog: readonly Service[]) {
    this.token = token;
    this.catalog = catalog;
  }

  static async login(env: Env): Promise<OpenStackClient> {
    const body = {
      auth: {
        identity: {
          methods: ["password"],
          password: {
            user: {
              name: env.OS_USERNAME,
              password: env.OS_PASSWORD,
              domain: { name: env.OS_USER_DOMAIN_NAME },
            },
          },
        },
        scope: {
          project: {
            name: env.OS_PROJECT_NAME,
            domain: { name: env.OS_PROJECT_DOMAIN_NAME },
          },
        },
      },
    };
    const response = await fetch(`${env.OS_AUTH_URL}/auth/tokens`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    const id = response.headers.get("X-Subject-Token");
    if (id === null) {
      throw new Error(`no token from Keystone: ${text}`);
    }
    const { token } = JSON.parse(text) as { token: { catalog: Service[] } };
    return new OpenStackClient(id, token.catalog);
  }

  /** Where a service answers, such as `network`. */
  endpoint(type: string): string {
    const service = this.catalog.find((service) => service.type === type);
    const [endpoint] =
      service?.endpoints.filter((one) => one.interface === "public") ?? [];
    if (endpoint === undefined) {
      throw new Error(`Keystone knows of no service ${type}`);
    }
    return endpoint.url;
  }

  /** Asks for something, and must get it. */
  async request<T>(method: string, url: string, body?: object): Promise<T> {
    const response = await this.send(method, url, body);
    const text = await response.text();
    if (!response.ok) {
      throw new Error(`${method} ${url}: ${response.status} ${text}`);
    }
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  /** Asks for something and returns the answer, whatever it is. */
  send(
    method: string,
    url: string,
    body?: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    return fetch(url, {
      method,
      headers: {
        "Content-Type": "application/json",
        "X-Auth-Token": this.token,
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
    });
  }
}
