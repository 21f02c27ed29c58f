// A small server that follows the documented rules of Google's Compute Engine API v1 for routes,
// instances, networks and subnetworks, so that the tests need no cloud. It keeps all in memory and
// listens on the loopback address only.
//
// The rules are those of https://cloud.google.com/compute/docs/reference/rest/v1 and
// https://cloud.google.com/vpc/docs/static-routes. Messages are Google's own where a public report of
// them was found; the others are marked "our wording", and nothing may rely on them.
import { randomBytes } from "node:crypto";
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import {
  type Address,
  type Cidr,
  contains,
  overlaps,
  parseAddress,
  parseCidr,
} from "../../components/core/cidr.ts";

/** A subnet: its primary IPv4 range, the secondary ranges and the internal IPv6 range, as CIDRs. */
export interface SubnetSettings {
  readonly name: string;
  readonly region: string;
  readonly range: string;
  readonly secondary?: readonly string[];
  readonly ipv6?: string;
}

export interface InstanceSettings {
  readonly name: string;
  readonly zone: string;
  /** The name of its network; the subnet is the one that has its address. */
  readonly network: string;
  readonly ip: string;
  readonly ipv6?: string;
  /** Becomes the metadata item `pod-cidr`, the first one, where the guide looks for it. */
  readonly podCidr?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly tags?: readonly string[];
  /** @default true */
  readonly canIpForward?: boolean;
  /** @default "RUNNING" */
  readonly status?: string;
}

/** A route with exactly one next hop, which is a URL (full or partial) unless it is an address. */
export interface RouteSettings {
  readonly name: string;
  /** The name of its network. */
  readonly network: string;
  readonly destRange: string;
  readonly nextHopIp?: string;
  readonly nextHopInstance?: string;
  readonly nextHopGateway?: string;
  readonly nextHopNetwork?: string;
  readonly priority?: number;
  readonly description?: string;
}

/** A route as the API shows it. */
export type RouteResource = {
  readonly kind: "compute#route";
  readonly id: string;
  readonly creationTimestamp: string;
  readonly name: string;
  readonly description?: string;
  readonly network: string;
  readonly tags?: readonly string[];
  readonly destRange: string;
  readonly priority: number;
  readonly nextHopInstance?: string;
  readonly nextHopIp?: string;
  readonly nextHopNetwork?: string;
  readonly nextHopGateway?: string;
  readonly routeType: "STATIC" | "SUBNET";
  readonly routeStatus: "ACTIVE";
  readonly warnings?: readonly Warning[];
  readonly selfLink: string;
};

interface Warning {
  readonly code: string;
  readonly message: string;
  readonly data: readonly { readonly key: string; readonly value: string }[];
}

interface Network {
  readonly resource: Named;
  readonly subnets: readonly (SubnetSettings & { readonly resource: Named })[];
}

interface Instance extends InstanceSettings {
  readonly resource: Named & {
    readonly canIpForward: boolean;
    readonly status: string;
  };
}

interface Operation {
  readonly resource: Named;
  /** Does what it is for; undefined once that is done. */
  finish: (() => void) | undefined;
  readonly error:
    | { readonly code: string; readonly message: string }
    | undefined;
}

interface Fault {
  readonly code: keyof typeof faults;
  readonly method: string | undefined;
}

type Json = Readonly<Record<string, unknown>>;

/** A resource as the API shows it. */
type Named = Json & { readonly name: string; readonly selfLink: string };

const service = "https://www.googleapis.com/compute/v1/";
const internet = "global/gateways/default-internet-gateway";
const nextHops = ["nextHopGateway", "nextHopInstance", "nextHopIp"] as const;

/** Failures that a test can ask for, as Google words them. */
const faults = {
  403: {
    reason: "forbidden",
    message: "Required 'compute.routes.create' permission",
  },
  429: {
    reason: "rateLimitExceeded",
    message:
      "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute'",
  },
  503: {
    reason: "backendError",
    message: "The service is currently unavailable.",
  },
} as const;

/** The warnings that a route can have, with their descriptions in the API's reference. */
const warnings = {
  NEXT_HOP_ADDRESS_NOT_ASSIGNED: {
    message:
      "The route's nextHopIp address is not assigned to an instance on the network.",
    applies: ({ nextHopIp }: RouteResource, hop: Instance | undefined) =>
      hop === undefined && nextHopIp !== undefined,
  },
  NEXT_HOP_INSTANCE_NOT_FOUND: {
    message:
      "The route's nextHopInstance URL refers to an instance that does not exist.",
    applies: ({ nextHopIp }: RouteResource, hop: Instance | undefined) =>
      hop === undefined && nextHopIp === undefined,
  },
  NEXT_HOP_CANNOT_IP_FORWARD: {
    message: "The route's next hop instance cannot ip forward.",
    applies: (_route: RouteResource, hop: Instance | undefined) =>
      hop?.resource.canIpForward === false,
  },
  NEXT_HOP_NOT_RUNNING: {
    message: "The route's next hop instance does not have a status of RUNNING.",
    applies: (_route: RouteResource, hop: Instance | undefined) =>
      hop !== undefined && hop.resource.status !== "RUNNING",
  },
} as const;

/** An error as the API answers it. `detail` is the message of the one item in `errors`, if that is another. */
class Refusal extends Error {
  readonly code: number;
  readonly reason: string;
  readonly detail: string;

  constructor(code: number, reason: string, message: string, detail = message) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.detail = detail;
  }

  get body(): Json {
    const { code, message, reason } = this;
    const errors = [{ message: this.detail, domain: "global", reason }];
    return { error: { code, message, errors } };
  }
}

export class ComputeApi {
  readonly project = "pod-network-routes";
  readonly region = "us-west1";
  readonly zone = "us-west1-c";
  readonly token = "test-token";
  /** The calls that changed something, in the order in which they were accepted: `insert NAME RANGE via HOP`, `delete NAME`. */
  readonly log: string[] = [];
  /** The most resources on a page of a list, whatever the client asks for; small values make it turn pages. */
  pageSize = 500;
  /** The project's quota of static routes. */
  routeQuota = 250;
  /** Whether the token is accepted. */
  tokenIsValid = true;

  private readonly networks = new Map<string, Network>();
  private readonly instances = new Map<string, Instance>();
  private readonly routeTable = new Map<string, RouteResource>();
  private readonly operations = new Map<string, Operation>();
  /** Names of routes that an operation under way makes or deletes. */
  private readonly busy = new Set<string>();
  private readonly faults: Fault[] = [];
  private operationFault: Operation["error"];

  private readonly server: Server;

  private constructor(server: Server) {
    this.server = server;
  }

  static async start(): Promise<ComputeApi> {
    const server = createServer();
    const api = new ComputeApi(server);
    server.on("request", (request, response) => {
      void api.serve(request, response);
    });
    // see HTTPS_PROXY in `env`
    server.on("connect", (_request, socket) => {
      socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
    });
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    return api;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  /** What GOOGLE_COMPUTE_CUSTOM_ENDPOINT takes: an URL with a slash at its end. */
  get endpoint(): string {
    return `${this.origin}/compute/v1/`;
  }

  /** Environment with which the gcp plugin, the official one as well as our stand-in, talks to this server and to nothing else. */
  get env(): Record<string, string> {
    return {
      GOOGLE_COMPUTE_CUSTOM_ENDPOINT: this.endpoint,
      GOOGLE_OAUTH_ACCESS_TOKEN: this.token,
      GOOGLE_PROJECT: this.project,
      GOOGLE_REGION: this.region,
      GOOGLE_ZONE: this.zone,
      // Credentials of whoever runs the tests. Google's libraries take an empty variable for none.
      GOOGLE_APPLICATION_CREDENTIALS: "",
      GOOGLE_CREDENTIALS: "",
      GOOGLE_CLOUD_KEYFILE_JSON: "",
      GCLOUD_KEYFILE_JSON: "",
      GOOGLE_IMPERSONATE_SERVICE_ACCOUNT: "",
      // The official plugin would ask compute.googleapis.com for the regions, custom endpoint or not.
      PULUMI_GCP_SKIP_REGION_VALIDATION: "true",
      // And it asks Google who the token belongs to, for its log. That goes through a proxy, and this
      // server, which stands in for one, refuses. Go uses no proxy for loopback addresses.
      HTTPS_PROXY: this.origin,
    };
  }

  private get origin(): string {
    const { port } = this.server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  // What a test can set up

  /** Makes a network in custom mode, with the routes that Google makes for it. Returns its URL. */
  network(
    name: string,
    { subnets }: { readonly subnets: readonly SubnetSettings[] },
  ): string {
    const network = this.link(`global/networks/${name}`);
    const made = subnets.map((subnet) => ({
      ...subnet,
      resource: this.subnetResource(subnet, network),
    }));
    const resource = {
      ...this.common("network", `global/networks/${name}`),
      autoCreateSubnetworks: false,
      subnetworks: made.map((subnet) => subnet.resource.selfLink),
      routingConfig: { routingMode: "REGIONAL" },
      mtu: 1460,
    };
    this.networks.set(name, { resource, subnets: made });
    const hops = [
      { destRange: "0.0.0.0/0", nextHopGateway: this.link(internet) },
      ...subnets
        .flatMap(ranges)
        .map(({ text }) => ({ destRange: text, nextHopNetwork: network })),
    ];
    for (const hop of hops) {
      const name = `default-route-${randomBytes(8).toString("hex")}`;
      this.addRoute({ name, network, ...hop });
    }
    return network;
  }

  /** Makes an instance, or makes it anew. Returns its URL. */
  instance(given: InstanceSettings): string {
    const { name, zone, network, podCidr, canIpForward = true } = given;
    const subnet = this.networks
      .get(network)
      ?.subnets.find(({ range }) => within(given.ip, [range]));
    if (subnet === undefined) {
      throw new Error(
        `${name}: no subnet of network ${network} has ${given.ip}`,
      );
    }
    const metadata = {
      ...(podCidr !== undefined && { "pod-cidr": podCidr }),
      ...given.metadata,
    };
    const resource = {
      ...this.common("instance", `zones/${zone}/instances/${name}`),
      zone: this.link(`zones/${zone}`),
      status: given.status ?? "RUNNING",
      canIpForward,
      tags: { fingerprint: fingerprint(), items: given.tags ?? [] },
      metadata: {
        kind: "compute#metadata",
        fingerprint: fingerprint(),
        items: Object.entries(metadata).map(([key, value]) => ({ key, value })),
      },
      networkInterfaces: [
        {
          kind: "compute#networkInterface",
          name: "nic0",
          network: this.link(`global/networks/${network}`),
          subnetwork: subnet.resource.selfLink,
          networkIP: given.ip,
          ...(given.ipv6 === undefined
            ? { stackType: "IPV4_ONLY" }
            : {
                stackType: "IPV4_IPV6",
                ipv6AccessType: "INTERNAL",
                ipv6Address: given.ipv6,
                internalIpv6PrefixLength: 96,
              }),
        },
      ],
    };
    this.instances.set(`${zone}/${name}`, { ...given, resource });
    return resource.selfLink;
  }

  deleteInstance(name: string, zone: string): void {
    this.instances.delete(`${zone}/${name}`);
  }

  /** Makes a route as if somebody else had done so: at once, and not in the log. Returns its URL. */
  route({ network, nextHopNetwork, ...settings }: RouteSettings): string {
    const url = `global/networks/${network}`;
    return nextHopNetwork === undefined
      ? this.addRoute(this.accepted({ ...settings, network: url }))
      : this.addRoute({
          ...settings,
          network: this.link(url),
          nextHopNetwork: this.link(`global/networks/${nextHopNetwork}`),
        });
  }

  /** Deletes a route as if somebody else had done so. */
  deleteRoute(name: string): void {
    if (!this.routeTable.delete(name)) {
      throw new Error(`there is no route ${name}`);
    }
  }

  /** The routes of a network, by name. */
  routes(network: string): RouteResource[] {
    const url = this.link(`global/networks/${network}`);
    return this.allRoutes().filter((route) => route.network === url);
  }

  /** The next call, or the next with this method, fails. Several faults are met one after the other. */
  failNext(code: Fault["code"], method?: string): void {
    this.faults.push({ code, method });
  }

  /** The next operation is accepted, but comes to nothing. */
  failNextOperation(code: string, message: string): void {
    this.operationFault = { code, message };
  }

  // The API

  private async serve(
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    let status = 200;
    let answer: unknown;
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of request) {
        chunks.push(chunk);
      }
      this.authorize(request.headers.authorization);
      this.meetFault(request.method);
      answer = this.answer(request, Buffer.concat(chunks).toString());
    } catch (error) {
      const refusal =
        error instanceof Refusal
          ? error
          : new Refusal(500, "internalError", String(error));
      status = refusal.code;
      answer = refusal.body;
    }
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(answer));
  }

  private authorize(header: string | undefined): void {
    const expected =
      "Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.";
    if (header === undefined) {
      const message = `Request is missing required authentication credential. ${expected}`;
      throw new Refusal(401, "required", message, "Login Required.");
    }
    if (header !== `Bearer ${this.token}` || !this.tokenIsValid) {
      const message = `Request had invalid authentication credentials. ${expected}`;
      throw new Refusal(401, "authError", message, "Invalid Credentials");
    }
  }

  private meetFault(method: string | undefined): void {
    const [fault] = this.faults;
    if (fault && (fault.method === undefined || fault.method === method)) {
      this.faults.shift();
      const { reason, message } = faults[fault.code];
      throw new Refusal(fault.code, reason, message);
    }
  }

  private answer({ method, url = "" }: IncomingMessage, body: string): unknown {
    const { pathname, searchParams } = new URL(url, this.origin);
    const [, project = "", path = ""] =
      /^\/compute\/v1\/projects\/([^/]+)(?:\/(.*))?$/.exec(
        decodeURIComponent(pathname),
      ) ?? [];
    if (project !== this.project) {
      throw notFound(`projects/${project}`);
    }
    const call = `${method} ${path}`;
    for (const [pattern, handle] of this.methods(searchParams, body)) {
      const match = new RegExp(`^${pattern.replaceAll("*", "([^/]+)")}$`).exec(
        call,
      );
      if (match) {
        return handle(match[1] ?? "", match[2] ?? "");
      }
    }
    // Also the answer to PATCH and PUT of a route: the API has neither, a route cannot be changed.
    throw new Refusal(404, "notFound", "Not Found");
  }

  /** What is served; a `*` stands for a name. */
  private methods(
    query: URLSearchParams,
    body: string,
  ): [string, (name: string, other: string) => unknown][] {
    const networks = [...this.networks.values()].map(resourceOf);
    const subnetworks = [...this.networks.values()].flatMap(({ subnets }) =>
      subnets.map(resourceOf),
    );
    const instances = [...this.instances.values()].map(resourceOf);
    const regions = [`regions/${this.region}`];
    const zones = ["a", "b", "c"].map((zone) => `zones/${this.region}-${zone}`);
    return [
      ["GET ", () => this.projectResource()],
      [
        "GET global/routes",
        () => this.list("global/routes", this.allRoutes(), query),
      ],
      ["POST global/routes", () => this.insert(body)],
      ["GET global/routes/*", (name) => this.existing(name)],
      ["DELETE global/routes/*", (name) => this.remove(name)],
      ["GET global/operations/*", (name) => this.operation(name)],
      ["POST global/operations/*/wait", (name) => this.operation(name)],
      [
        "GET global/networks",
        () => this.list("global/networks", networks, query),
      ],
      [
        "GET global/networks/*",
        (name) =>
          this.networks.get(name)?.resource ??
          this.missing(`global/networks/${name}`),
      ],
      [
        "GET zones/*/instances/*",
        (zone, name) =>
          this.instances.get(`${zone}/${name}`)?.resource ??
          this.missing(`zones/${zone}/instances/${name}`),
      ],
      [
        "GET aggregated/instances",
        () => this.aggregated("instances", zones, instances, query),
      ],
      [
        "GET aggregated/subnetworks",
        () => this.aggregated("subnetworks", regions, subnetworks, query),
      ],
    ];
  }

  private projectResource(): Json {
    return {
      ...this.common("project", ""),
      name: this.project,
      quotas: [
        { metric: "ROUTES", limit: this.routeQuota, usage: this.routeUsage },
      ],
    };
  }

  /** The routes that count for the quota: not those of the subnets. */
  private get routeUsage(): number {
    return this.allRoutes().filter(({ routeType }) => routeType === "STATIC")
      .length;
  }

  private insert(body: string): Json {
    const route = this.accepted(JSON.parse(body));
    const { name, destRange } = route;
    const hop = nextHops.flatMap((key) => route[key] ?? [])[0];
    this.log.push(`insert ${name} ${destRange} via ${lastPart(hop ?? "")}`);
    return this.begin("insert", name, () => this.addRoute(route));
  }

  private remove(name: string): Json {
    const route = this.existing(name);
    // "Created, updated, and removed automatically by Google Cloud during subnet lifecycle events."; our wording
    if (route.routeType === "SUBNET") {
      const message = `The local route ${name} cannot be deleted.`;
      throw new Refusal(400, "badRequest", message);
    }
    if (this.busy.has(name)) {
      const message = `The resource '${this.path(`global/routes/${name}`)}' is not ready`;
      throw new Refusal(400, "resourceNotReady", message);
    }
    this.log.push(`delete ${name}`);
    return this.begin("delete", name, () => this.routeTable.delete(name));
  }

  /** Accepts a change, which takes place when somebody asks what has become of it. */
  private begin(type: string, route: string, effect: () => void): Json {
    const name = `operation-${randomBytes(12).toString("hex")}`;
    const now = timestamp();
    const resource = {
      ...this.common("operation", `global/operations/${name}`),
      operationType: type,
      targetLink: this.link(`global/routes/${route}`),
      insertTime: now,
      startTime: now,
    };
    const error = this.operationFault;
    const finish = () => {
      this.busy.delete(route);
      if (error === undefined) {
        effect();
      }
    };
    this.operationFault = undefined;
    this.busy.add(route);
    this.operations.set(name, { resource, finish, error });
    return { ...resource, status: "RUNNING", progress: 0 };
  }

  private operation(name: string): Json {
    const operation =
      this.operations.get(name) ?? this.missing(`global/operations/${name}`);
    operation.finish?.();
    operation.finish = undefined;
    const { error, resource } = operation;
    return {
      ...resource,
      status: "DONE",
      progress: 100,
      endTime: timestamp(),
      ...(error && { error: { errors: [error] } }),
    };
  }

  /** What routes.insert accepts, with its URLs made full; what it does not accept is thrown. */
  private accepted(given: Json): Given {
    const { name, network, destRange, priority = 1000 } = given;
    // "The name must be 1-63 characters long, and comply with RFC1035."
    if (
      typeof name !== "string" ||
      !/^[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(name)
    ) {
      throw invalid(
        "name",
        name,
        "Must be a match of regex '(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)'",
      );
    }
    const { subnets, resource } = this.referencedNetwork(network);
    const destination = this.acceptedRange(destRange, subnets);
    // "Default value is 1000. Valid range is 0 through 65535."; our wording
    if (!isPriority(priority)) {
      const text = "Must be an integer from 0 to 65535.";
      throw invalid("priority", priority, text);
    }
    const hop = this.acceptedHop(given, destination, resource, subnets);
    // "Every route in your project must have a unique name.", so also one in another network. Several
    // routes of one destination and one priority are welcome, they share the load (ECMP).
    if (this.routeTable.has(name) || this.busy.has(name)) {
      throw new Refusal(
        409,
        "alreadyExists",
        `The resource '${this.path(`global/routes/${name}`)}' already exists`,
      );
    }
    if (this.routeUsage >= this.routeQuota) {
      const message = `Quota 'ROUTES' exceeded.  Limit: ${this.routeQuota.toFixed(1)} globally.`;
      throw new Refusal(403, "quotaExceeded", message);
    }
    const { description, tags } = given;
    return {
      name,
      ...(typeof description === "string" && { description }),
      network: resource.selfLink,
      ...(Array.isArray(tags) && tags.length > 0 && { tags }),
      destRange: destination.text,
      priority,
      ...hop,
    };
  }

  /** "network: Fully-qualified URL of the network that this route applies to." */
  private referencedNetwork(given: unknown): Network {
    const [, name = ""] =
      /^global\/networks\/([^/]+)$/.exec(this.target("network", given)) ?? [];
    const network = this.networks.get(name);
    if (network === undefined) {
      throw invalid(
        "network",
        given,
        "The referenced network resource cannot be found.",
      );
    }
    return network;
  }

  private acceptedRange(given: unknown, subnets: Network["subnets"]): Cidr {
    // "Must specify an IPv4 range (e.g. 192.0.2.0/24) or an IPv6 range in RFC 4291 format"; our wording.
    // Google takes every spelling of an IPv6 range and shows it in RFC 5952's, this server takes only that.
    const range = parseCidr(String(given));
    if (typeof range === "string") {
      throw invalid("destRange", given, "Must be a CIDR address range.");
    }
    // "You cannot create a custom static route with a destination that exactly matches or is more specific
    // (with a longer mask) than a subnet route." There is one for each range of each subnet.
    for (const subnet of subnets) {
      for (const taken of ranges(subnet)) {
        if (overlaps(range, taken) && range.prefix >= taken.prefix) {
          throw invalid(
            "destRange",
            given,
            `${range.text} hides the address space of the network (${taken.text}). Cannot change the routing of packets destined for the network.`,
          );
        }
      }
    }
    return range;
  }

  private acceptedHop(
    given: Json,
    destination: Cidr,
    network: Named,
    subnets: Network["subnets"],
  ): Pick<Given, (typeof nextHops)[number]> {
    const hops = Object.keys(given).filter((key) => /^nextHop/.test(key));
    if (hops.length === 0) {
      throw new Refusal(
        400,
        "invalidResourceUsage",
        "Invalid resource usage: 'A Route must specify at least one type of next hop.'.",
      );
    }
    // "A Route resource must have exactly one specification of either ..."; our wording
    if (hops.length > 1) {
      throw new Refusal(
        400,
        "invalidResourceUsage",
        "Invalid resource usage: 'A Route must specify only one type of next hop.'.",
      );
    }
    if ("nextHopGateway" in given) {
      return { nextHopGateway: this.acceptedGateway(given.nextHopGateway) };
    }
    if ("nextHopInstance" in given) {
      const { nextHopInstance: url } = given;
      return { nextHopInstance: this.acceptedInstance(url, network) };
    }
    if ("nextHopIp" in given) {
      const { nextHopIp: ip } = given;
      return { nextHopIp: acceptedAddress(ip, destination, subnets).text };
    }
    // The API knows more kinds of next hops than this server.
    throw new Refusal(501, "notImplemented", `${hops[0]} is not served here`);
  }

  /** "Currently, you can only specify the internet gateway, using a full or partial valid URL" */
  private acceptedGateway(given: unknown): string {
    const path = this.target("nextHopGateway", given);
    if (path !== internet) {
      throw invalid(
        "nextHopGateway",
        given,
        "The referenced gateway resource cannot be found.",
      );
    }
    return this.link(path);
  }

  /**
   * The instance has to exist, and to have an interface in the network. Whether it can forward packets
   * and runs is not asked: a route through one that cannot, or does not, has a warning.
   */
  private acceptedInstance(given: unknown, network: Named): string {
    const [, zone, name] =
      /^zones\/([^/]+)\/instances\/([^/]+)$/.exec(
        this.target("nextHopInstance", given),
      ) ?? [];
    const instance = this.instances.get(`${zone}/${name}`);
    if (instance === undefined) {
      throw invalid(
        "nextHopInstance",
        given,
        "The referenced instance resource cannot be found.",
      );
    }
    if (instance.network !== network.name) {
      // our wording
      const text = "The instance has no interface in the route's network.";
      throw invalid("nextHopInstance", given, text);
    }
    return instance.resource.selfLink;
  }

  /** What an URL names, as a path below the project. */
  private target(field: string, given: unknown): string {
    const prefix = new RegExp(
      `^(?:https?://[^/]+/compute/v1/)?projects/${this.project}/`,
    );
    const path = String(given).replace(prefix, "");
    if (!/^(?:global|zones\/[^/]+)\/[a-z]+\/[^/]+$/.test(path)) {
      throw invalid(field, given, "The URL is malformed.");
    }
    return path;
  }

  private addRoute({ priority = 1000, ...given }: Given): string {
    const route: RouteResource = {
      ...this.common("route", `global/routes/${given.name}`),
      ...given,
      kind: "compute#route",
      priority,
      routeType: given.nextHopNetwork === undefined ? "STATIC" : "SUBNET",
      routeStatus: "ACTIVE",
    };
    this.routeTable.set(route.name, route);
    return route.selfLink;
  }

  private existing(name: string): RouteResource {
    const route =
      this.routeTable.get(name) ?? this.missing(`global/routes/${name}`);
    const warnings = this.warnings(route);
    return warnings.length > 0 ? { ...route, warnings } : route;
  }

  private allRoutes(): RouteResource[] {
    return [...this.routeTable.keys()]
      .sort()
      .map((name) => this.existing(name));
  }

  /** "If potential misconfigurations are detected for this route, this field will be populated with warning messages." */
  private warnings(route: RouteResource): Warning[] {
    const { network, nextHopIp, nextHopInstance } = route;
    const value = nextHopIp ?? nextHopInstance;
    if (value === undefined) {
      return [];
    }
    const hop = [...this.instances.values()].find((instance) =>
      nextHopIp === undefined
        ? instance.resource.selfLink === nextHopInstance
        : lastPart(network) === instance.network &&
          [instance.ip, instance.ipv6].includes(nextHopIp),
    );
    const codes = Object.keys(warnings) as (keyof typeof warnings)[];
    return codes
      .filter((code) => warnings[code].applies(route, hop))
      .map((code) => ({
        code,
        message: warnings[code].message,
        data: [{ key: "next_hop", value }],
      }));
  }

  private list(
    path: string,
    all: readonly Named[],
    query: URLSearchParams,
  ): Json {
    const { items, next } = this.page(filtered(all, query), query);
    return {
      kind: `compute#${lastPart(path).slice(0, -1)}List`,
      id: this.path(path),
      // Google leaves an empty list out
      ...(items.length > 0 && { items }),
      ...next,
      selfLink: this.link(path),
    };
  }

  /** Lists resources of all zones or regions: each is in the answer, with its resources on this page or a warning that it has none. */
  private aggregated(
    kind: string,
    empty: readonly string[],
    all: readonly Named[],
    query: URLSearchParams,
  ): Json {
    const { items, next } = this.page(filtered(all, query), query);
    const scopes = new Set([...empty, ...all.map(scopeOf)]);
    const inScope = (scope: string): Json => {
      const found = items.filter((item) => scopeOf(item) === scope);
      const warning = {
        code: "NO_RESULTS_ON_PAGE",
        message: `There are no results for scope '${scope}' on this page.`,
        data: [{ key: "scope", value: scope }],
      };
      return found.length > 0 ? { [kind]: found } : { warning };
    };
    return {
      kind: `compute#${kind.slice(0, -1)}AggregatedList`,
      id: this.path(`aggregated/${kind}`),
      items: Object.fromEntries(
        [...scopes].sort().map((scope) => [scope, inScope(scope)]),
      ),
      ...next,
      selfLink: this.link(`aggregated/${kind}`),
    };
  }

  /** "maxResults: Acceptable values are 0 to 500, inclusive. (Default: 500)" */
  private page<T>(all: readonly T[], query: URLSearchParams) {
    const wanted = Number(query.get("maxResults") ?? 500);
    if (!Number.isInteger(wanted) || wanted < 0 || wanted > 500) {
      const text = "Must be between 0 and 500."; // our wording
      throw refused("maxResults", wanted, text);
    }
    const token = query.get("pageToken");
    const start = token === null ? 0 : pageStart(token);
    if (!(start <= all.length)) {
      const text = "The page token is invalid."; // our wording
      throw refused("pageToken", token, text);
    }
    const end = start + Math.min(wanted || 500, this.pageSize);
    return {
      items: all.slice(start, end),
      next: end < all.length ? { nextPageToken: pageToken(end) } : {},
    };
  }

  private subnetResource(given: SubnetSettings, network: string): Named {
    const { name, region, range, secondary = [], ipv6 } = given;
    return {
      ...this.common("subnetwork", `regions/${region}/subnetworks/${name}`),
      network,
      region: this.link(`regions/${region}`),
      ipCidrRange: range,
      ...(secondary.length > 0 && {
        secondaryIpRanges: secondary.map((ipCidrRange, i) => ({
          rangeName: `secondary-${i}`,
          ipCidrRange,
        })),
      }),
      ...(ipv6 === undefined
        ? { stackType: "IPV4_ONLY" }
        : {
            stackType: "IPV4_IPV6",
            ipv6AccessType: "INTERNAL",
            ipv6CidrRange: ipv6,
            internalIpv6Prefix: ipv6,
          }),
    };
  }

  /** What the server fills in for every resource. */
  private common(kind: string, path: string) {
    return {
      kind: `compute#${kind}`,
      id: randomBytes(8).readBigUInt64BE().toString(),
      creationTimestamp: timestamp(),
      name: lastPart(path),
      selfLink: this.link(path),
    };
  }

  private path(path: string): string {
    return `projects/${this.project}/${path}`;
  }

  private link(path: string): string {
    return `${service}${this.path(path)}`;
  }

  private missing(path: string): never {
    throw notFound(this.path(path));
  }
}

/** A route before the server adds what is its own. */
type Given = Omit<
  RouteResource,
  | "kind"
  | "id"
  | "creationTimestamp"
  | "priority"
  | "routeType"
  | "routeStatus"
  | "warnings"
  | "selfLink"
> & { readonly priority?: number };

/**
 * "the next hop address must be a primary internal IPv4 address or an IPv6 address of the Compute Engine
 * instance in the route's VPC network." It has to lie in a subnet of the network, and to be of the
 * destination's family; if no instance has it, the route has a warning.
 */
function acceptedAddress(
  given: unknown,
  destination: Cidr,
  subnets: Network["subnets"],
): Address {
  const address = parseAddress(String(given));
  if (typeof address === "string") {
    throw invalid("nextHopIp", given, "Must be a valid IP address."); // our wording
  }
  const primary = subnets.flatMap(({ range, ipv6 }) =>
    [range].concat(ipv6 ?? []),
  );
  if (address.family !== destination.family || !within(address.text, primary)) {
    // our wording
    const text = "Must be an IP address of a subnet of the route's network.";
    throw invalid("nextHopIp", given, text);
  }
  return address;
}

function isPriority(value: unknown): value is number {
  return (
    Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65535
  );
}

function ranges({ range, secondary = [], ipv6 }: SubnetSettings): Cidr[] {
  return [range, ...secondary].concat(ipv6 ?? []).map(cidr);
}

function within(address: string, ranges: readonly string[]): boolean {
  const parsed = parseAddress(address);
  return (
    typeof parsed !== "string" &&
    ranges.some((range) => contains(cidr(range), parsed))
  );
}

/** A range that a test has set up. */
function cidr(text: string): Cidr {
  const range = parseCidr(text);
  if (typeof range === "string") {
    throw new Error(`${text} ${range}`);
  }
  return range;
}

/**
 * The `filter` of a list, as far as this server goes: one comparison of a field at the top with a literal.
 * `=` and `!=` compare the whole value; `eq` and `ne` match it with a regular expression. All else is
 * refused, also what Google understands.
 */
function filtered(
  all: readonly Named[],
  query: URLSearchParams,
): readonly Named[] {
  const filter = query.get("filter");
  if (filter === null) {
    return all;
  }
  const [, field = "", exact, pattern, quoted, bare = ""] =
    /^(name|network|status|destRange|priority)(?:\s*(!?=)\s*|\s+(eq|ne)\s+)(?:"([^"]*)"|([^\s"()]+))$/.exec(
      filter.trim(),
    ) ?? [];
  if (field === "") {
    throw refused("filter", filter, "Invalid list filter expression.");
  }
  const literal = quoted ?? bare;
  const matches = (value: string): boolean =>
    exact === undefined
      ? new RegExp(`^(?:${literal})$`).test(value)
      : value === literal;
  const wanted = exact === "=" || pattern === "eq";
  return all.filter((resource) => {
    const value = resource[field];
    return value !== undefined && matches(String(value)) === wanted;
  });
}

function resourceOf({ resource }: { readonly resource: Named }): Named {
  return resource;
}

/** The zone or region of a resource: `zones/us-west1-c`. */
function scopeOf({ selfLink }: Named): string {
  return /(?:zones|regions)\/[^/]+/.exec(selfLink)?.[0] ?? "global";
}

function pageToken(index: number): string {
  return Buffer.from(`page-${index}`).toString("base64url");
}

/** The index that a token stands for, or NaN. */
function pageStart(token: string): number {
  const [, index] =
    /^page-(\d+)$/.exec(Buffer.from(token, "base64url").toString()) ?? [];
  return Number(index);
}

function invalid(field: string, value: unknown, text: string): Refusal {
  return refused(`resource.${field}`, value, text);
}

function refused(field: string, value: unknown, text: string): Refusal {
  return new Refusal(
    400,
    "invalid",
    `Invalid value for field '${field}': '${value ?? ""}'. ${text}`,
  );
}

function notFound(path: string): Refusal {
  return new Refusal(404, "notFound", `The resource '${path}' was not found`);
}

function lastPart(url: string): string {
  return url.slice(url.lastIndexOf("/") + 1);
}

function fingerprint(): string {
  return randomBytes(8).toString("base64");
}

/** The time as Google writes it. */
function timestamp(): string {
  return new Date().toISOString().replace("Z", "-00:00");
}
