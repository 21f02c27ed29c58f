// A stand-in for the `gcp` resource plugin 9.37.0, for machines that can neither find nor download the
// official one. It serves the function `gcp:organizations/getClientConfig:getClientConfig` and the
// resource `gcp:compute/route:Route`, and nothing else of it. It drives the API it is pointed at: Google's,
// or a server that follows the same rules.
//
// test/clouds/gcpStandIn.test.ts says what this project relies on, in terms of the documented behaviour.
// Where the rules come from:
// - The fields of a route, that a change of any of them replaces it, how names and URLs compare, the calls
//   and the wording of errors: google/services/compute/resource_compute_route.go of
//   https://github.com/hashicorp/terraform-provider-google, which the official plugin wraps.
// - Default names, that they last, the list `__defaults` in the inputs, that a route with a name of its own
//   is deleted before it is replaced, what an import takes for inputs: pkg/tfbridge/schema.go and names.go
//   of https://github.com/pulumi/pulumi-terraform-bridge, which does the wrapping.
// - Credentials, project, region and zone: provider/resources.go of https://github.com/pulumi/pulumi-gcp.
//
// The official plugin is different in this:
// - It takes its settings from the stack's configuration too (`gcp:project` ...) and from explicit providers.
//   Here they come from the environment alone, as @pulumi/pulumi/provider does not hand over the configuration.
// - It knows all of Google's credentials, here there is GOOGLE_OAUTH_ACCESS_TOKEN alone. If there are none
//   it fails before the program starts; here with the first call.
// - It knows nextHopIlb, nextHopVpnTunnel, params and deletionPolicy. Here they are refused.
// - It makes and deletes the routes of one network one after the other, under a lock, and looks at an operation
//   that is not done at once every two seconds or less often. Here that is side by side, and every second.
// - A preview and the update that follows it give one default name. Here they give two.
// - A refresh writes what it finds into the inputs too. Here it goes into the outputs, and the next update
//   repairs the same.
// - Its errors are lists: "1 error occurred: * Error creating Route: ...".
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { CheckFailure } from "@pulumi/pulumi/provider/index.js";
import { unknownValue } from "@pulumi/pulumi/runtime/rpc.js";
import { nameIn } from "../../components/stack/urn.ts";
import {
  bare,
  checkType,
  type Properties,
  prefixed,
  Refusal,
  serve,
} from "./wire.ts";

const routeType = "gcp:compute/route:Route";
const clientConfig = "gcp:organizations/getClientConfig:getClientConfig";

/** The next hops of which a route has exactly one, and their names in messages. */
const nextHops = {
  nextHopGateway: "next_hop_gateway",
  nextHopIlb: "next_hop_ilb",
  nextHopInstance: "next_hop_instance",
  nextHopIp: "next_hop_ip",
  nextHopVpnTunnel: "next_hop_vpn_tunnel",
} as const;

/** How the inputs compare with the state; a field for which this is false has changed, and replaces the route. */
const sameFields: Readonly<
  Record<string, (state: unknown, input: unknown) => boolean>
> = {
  name: same,
  network: sameLink,
  destRange: same,
  description: same,
  nextHopGateway: sameLink,
  nextHopInstance: sameLink,
  // what the API fills in is no change
  nextHopInstanceZone: sameOrNone,
  nextHopIp: sameOrNone,
  project: (state, input) =>
    sameOrNone(state, input ?? setting(...projectVariables)),
  priority: (state, input) => Number(state) === Number(input),
  tags: (state, input) => isDeepStrictEqual(sorted(state), sorted(input)),
};

serve({
  version: "9.37.0",

  async check(urn, olds, news) {
    checkType(urn, routeType);
    const { __defaults, ...given } = news;
    const defaults: Properties = {};
    if (given.name === undefined) {
      defaults.name = isDefault(olds, "name") ? olds.name : defaultName(urn);
    }
    if (given.priority === undefined) {
      defaults.priority = 1000;
    }
    const inputs = { ...given, ...defaults };
    return {
      inputs: { ...inputs, __defaults: Object.keys(defaults) },
      failures: failures(nameIn(urn), bare(inputs)),
    };
  },

  async diff(_id, _urn, olds, news) {
    const state = bare(olds);
    const inputs = bare(news);
    const replaces = Object.entries(sameFields)
      .filter(([key, isSame]) => !isSame(state[key], inputs[key]))
      .map(([key]) => key);
    return {
      changes: replaces.length > 0,
      replaces,
      deleteBeforeReplace:
        replaces.length > 0 &&
        Array.isArray(inputs.__defaults) &&
        !isDefault(inputs, "name"),
    };
  },

  async create(urn, news) {
    checkType(urn, routeType);
    const inputs = bare(news);
    const project = projectOf(inputs);
    const id = routeId(project, String(inputs.name));
    const body = await toBody(inputs, project);
    const routes = `projects/${project}/global/routes`;
    const operation = await prefixed(
      "Error creating Route",
      call("POST", routes, body),
    );
    await prefixed(
      "Error waiting to create Route",
      finish(project, operation, "Creating Route"),
    );
    return { id, outs: await readRoute(id) };
  },

  async read(given, urn, olds = {}) {
    checkType(urn, routeType);
    const id = parseId(given);
    const isRefresh = Object.keys(olds).length > 0;
    try {
      const what = `Error when reading or editing ComputeRoute "${id}"`;
      const state = await prefixed(what, readRoute(id));
      return isRefresh
        ? { id, props: state }
        : { id, props: state, inputs: toInputs(state) };
    } catch (error) {
      if (!isNotFound(error)) {
        throw error;
      }
      if (isRefresh) {
        return { id: "", props: {} }; // it is gone
      }
      // what the engine says if there are no properties; @pulumi/pulumi/provider always sends some
      throw new Refusal(`resource '${given}' does not exist`);
    }
  },

  async delete(id, _urn, olds) {
    const project = projectOf(bare(olds));
    const what = "Error when reading or editing Route";
    let operation: Properties;
    try {
      operation = await prefixed(what, call("DELETE", id));
    } catch (error) {
      if (isNotFound(error)) {
        return;
      }
      throw error;
    }
    await finish(project, operation, "Deleting Route");
  },

  async invoke(token) {
    if (token !== clientConfig) {
      throw new Refusal(
        `the stand-in for the gcp plugin does not serve ${token}`,
      );
    }
    const project = setting(...projectVariables) ?? "";
    const region =
      setting("GOOGLE_REGION", "GCLOUD_REGION", "CLOUDSDK_COMPUTE_REGION") ??
      "";
    const zone = setting(...zoneVariables) ?? "";
    return {
      outputs: {
        id: `projects/${project}/regions/${region}/zones/${zone}`,
        accessToken: accessToken(),
        project,
        region,
        zone,
        defaultLabels: {},
      },
    };
  },
});

// Inputs

/** What is wrong with inputs; those that are not known yet are right. */
function failures(resource: string, inputs: Properties): CheckFailure[] {
  const fault = (reason: string, property?: string): CheckFailure => ({
    property: "",
    reason:
      property === undefined
        ? reason
        : `${reason}. Examine values at '${resource}.${property}'.`,
  });
  const found: CheckFailure[] = [];
  for (const key of ["destRange", "network"]) {
    if (inputs[key] === undefined) {
      found.push(fault(`Missing required property '${key}'`));
    }
  }
  const { name } = inputs;
  const pattern = "^[a-z]([-a-z0-9]*[a-z0-9])?$";
  if (name !== unknownValue && !new RegExp(pattern).test(String(name))) {
    const text = `"name" ("${name}") doesn't match regexp "${pattern}"`;
    found.push(fault(text, "name"));
  }
  const hops = Object.entries(nextHops).filter(
    ([key]) => inputs[key] !== undefined,
  );
  const known = hops.filter(([key]) => inputs[key] !== unknownValue);
  const all = `\`${Object.values(nextHops).join(",")}\``;
  if (hops.length === 0) {
    const text = `"next_hop_gateway": one of ${all} must be specified`;
    found.push(fault(text, "nextHopGateway"));
  }
  if (known.length > 1) {
    const [[key, first] = ["", ""]] = known;
    const given = `\`${known.map(([, label]) => label).join(",")}\``;
    const text = `"${first}": only one of ${all} can be specified, but ${given} were specified.`;
    found.push(fault(text, key));
  }
  for (const key of Object.keys(inputs)) {
    if (!(key in sameFields)) {
      const text = `the stand-in for the gcp plugin does not serve '${key}'`;
      found.push(fault(text, key));
    }
  }
  return found;
}

/** Whether an input was not given, but filled in. */
function isDefault(inputs: Properties, key: string): boolean {
  const { __defaults: defaults } = inputs;
  return Array.isArray(defaults) && defaults.includes(key);
}

/** The resource's name in the program, and a suffix so that a replacement can stand beside what it replaces. */
function defaultName(urn: string): string {
  return `${nameIn(urn)}-${randomBytes(4).toString("hex").slice(0, 7)}`;
}

/** The body of routes.insert. */
async function toBody(
  inputs: Properties,
  project: string,
): Promise<Properties> {
  const { name, destRange, description, network, nextHopIp, priority } = inputs;
  const { nextHopGateway, nextHopInstance, tags } = inputs;
  const [, networkProject = project] =
    /projects\/(.+)\/global\/networks\/.+$/.exec(String(network)) ?? [];
  const gateway = "default-internet-gateway";
  return {
    name,
    destRange,
    network: `projects/${networkProject}/global/networks/${lastPart(network)}`,
    priority,
    ...(isSet(description) && { description }),
    ...(isSet(tags) && { tags }),
    ...(isSet(nextHopIp) && { nextHopIp }),
    ...(isSet(nextHopGateway) && {
      nextHopGateway:
        nextHopGateway === gateway
          ? `projects/${project}/global/gateways/${gateway}`
          : nextHopGateway,
    }),
    ...(isSet(nextHopInstance) && {
      nextHopInstance: await instanceLink(inputs, project),
    }),
  };
}

/** The URL of the next hop. The official plugin too asks for the instance, so one that is not there is an error of this call. */
async function instanceLink(
  { nextHopInstance, nextHopInstanceZone }: Properties,
  ownProject: string,
): Promise<unknown> {
  const [, project = ownProject, zone, name] =
    /^(?:.*projects\/([^/]+)\/)?zones\/([^/]+)\/instances\/([^/]+)$/.exec(
      String(nextHopInstance),
    ) ?? [];
  const inZone = zone ?? nextHopInstanceZone ?? setting(...zoneVariables);
  if (inZone === undefined) {
    throw new Refusal("next_hop_instance_zone: required field is not set");
  }
  const instance = name ?? nextHopInstance;
  const { selfLink } = await call(
    "GET",
    `projects/${project}/zones/${inZone}/instances/${instance}`,
  );
  return selfLink;
}

function same(state: unknown, input: unknown): boolean {
  return (state ?? "") === (input ?? "");
}

function sameOrNone(state: unknown, input: unknown): boolean {
  return input === undefined || input === "" || same(state, input);
}

/** compareSelfLinkOrResourceName: a name is compared with the last part of the URL in the state, an URL from its project on. */
function sameLink(state: unknown, input: unknown): boolean {
  if (same(state, input)) {
    return true;
  }
  const [before, after] = [String(state ?? ""), String(input ?? "")];
  const path = /projects\/.*$/;
  return after.includes("/")
    ? path.test(after) && path.exec(before)?.[0] === path.exec(after)?.[0]
    : lastPart(before) === after;
}

function sorted(list: unknown): unknown[] {
  return Array.isArray(list) ? [...list].sort() : [];
}

// State

/** The outputs of a route. */
async function readRoute(id: string): Promise<Properties> {
  const route = await call("GET", id);
  const [, project = "", zone = "", instance = ""] =
    /projects\/([^/]+)\/zones\/([^/]+)\/instances\/([^/]+)$/.exec(
      String(route.nextHopInstance ?? ""),
    ) ?? [];
  const texts = [
    "creationTimestamp",
    "description",
    "destRange",
    "name",
    "network",
    "nextHopGateway",
    "nextHopHub",
    "nextHopIlb",
    "nextHopInterRegionCost",
    "nextHopIp",
    "nextHopMed",
    "nextHopNetwork",
    "nextHopOrigin",
    "nextHopPeering",
    "nextHopVpnTunnel",
    "routeStatus",
    "routeType",
    "selfLink",
  ];
  return {
    ...Object.fromEntries(texts.map((key) => [key, String(route[key] ?? "")])),
    asPaths: route.asPaths ?? [],
    deletionPolicy: "DELETE",
    nextHopInstance:
      instance && `projects/${project}/zones/${zone}/instances/${instance}`,
    nextHopInstanceZone: zone,
    priority: route.priority,
    project: id.split("/")[1],
    tags: route.tags ?? [],
    warnings: ((route.warnings ?? []) as Properties[]).map(
      ({ data, ...warning }) => ({ ...warning, datas: data ?? [] }),
    ),
  };
}

/** The inputs of an imported route: all that it has, but for what it would have without them. */
function toInputs(state: Properties): Properties {
  const inputs = Object.entries(state).filter(
    ([key, value]) =>
      key in sameFields &&
      isSet(value) &&
      !(key === "priority" && value === 1000),
  );
  return { ...Object.fromEntries(inputs), __defaults: [] };
}

function routeId(project: string, name: string): string {
  return `projects/${project}/global/routes/${name}`;
}

/** An id in one of the forms in which a route can be imported. */
function parseId(given: string): string {
  const [, project, name] =
    /^projects\/([^/]+)\/global\/routes\/([^/]+)$/.exec(given) ??
    /^(?:([^/]+)\/)?([^/]+)$/.exec(given) ??
    [];
  if (name === undefined) {
    throw new Refusal(
      `Import id "${given}" doesn't match any of the accepted formats: [^projects/(?P<project>[^/]+)/global/routes/(?P<name>[^/]+)$ ^(?P<project>[^/]+)/(?P<name>[^/]+)$ ^(?P<name>[^/]+)$]`,
    );
  }
  return routeId(projectOf({ project }), name);
}

// The API

/** Calls the API. What may pass is tried again for 20 minutes, after waits of 0.5 to 10 seconds. */
async function call(
  method: string,
  path: string,
  body?: Properties,
): Promise<Properties> {
  const end = Date.now() + timeout;
  for (let wait = 500; ; wait = Math.min(2 * wait, 10_000)) {
    try {
      return await callOnce(method, path, body);
    } catch (error) {
      const passing =
        error instanceof Refusal &&
        ["429", "500", "502", "503"].includes(error.code);
      if (!passing || Date.now() + wait > end) {
        throw error;
      }
      await sleep(wait);
    }
  }
}

async function callOnce(
  method: string,
  path: string,
  body: Properties | undefined,
): Promise<Properties> {
  const base =
    setting("GOOGLE_COMPUTE_CUSTOM_ENDPOINT") ??
    "https://compute.googleapis.com/compute/v1/";
  const url = `${base}${path}`;
  const headers = {
    authorization: `Bearer ${accessToken()}`,
    "content-type": "application/json",
  };
  const response = await fetch(url, {
    method,
    headers,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  }).catch(({ message, cause }: Error) => {
    const reason = (cause as Error)?.message ?? message;
    throw new Refusal(`${method} ${url}: ${reason}`);
  });
  const text = await response.text();
  if (!response.ok) {
    const { status } = response;
    throw new Refusal(errorText(status, text), String(status));
  }
  return JSON.parse(text);
}

/** An error of the API in the words of Google's Go library, googleapi.Error. */
function errorText(status: number, body: string): string {
  const { message, errors } = parseError(body);
  if (message === undefined) {
    return `googleapi: got HTTP response code ${status} with body: ${body}`;
  }
  const text = `googleapi: Error ${status}: ${message}`;
  const [first, ...more] = errors;
  if (first === undefined) {
    return text;
  }
  return more.length === 0 && first.message === message
    ? `${text}, ${first.reason}`
    : [
        text,
        "More details:",
        ...errors.map(
          (item) => `Reason: ${item.reason}, Message: ${item.message}`,
        ),
      ].join("\n");
}

function parseError(body: string): {
  message?: string;
  errors: { message: string; reason: string }[];
} {
  try {
    const { error } = JSON.parse(body);
    return { message: error.message, errors: error.errors ?? [] };
  } catch {
    return { errors: [] }; // a proxy answers in HTML
  }
}

/** Waits until an operation has done its work. */
async function finish(
  project: string,
  operation: Properties,
  activity: string,
): Promise<void> {
  const path = `projects/${project}/global/operations/${operation.name}`;
  const end = Date.now() + timeout;
  let { status, error } = operation;
  while (status !== "DONE") {
    ({ status, error } = await call("GET", path));
    if (status !== "DONE") {
      if (Date.now() > end) {
        throw new Refusal(`Error waiting for ${activity}: timeout`);
      }
      await sleep(1000);
    }
  }
  if (error !== undefined) {
    const { errors = [] } = error as { errors?: { message: string }[] };
    const text = errors.map(({ message }) => message).join("\n");
    throw new Refusal(`Error waiting for ${activity}: ${text}`);
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof Refusal && error.code === "404";
}

/** As long as the official plugin waits for a route. */
const timeout = 20 * 60 * 1000;

// Settings

const projectVariables = [
  "GOOGLE_PROJECT",
  "GOOGLE_CLOUD_PROJECT",
  "GCLOUD_PROJECT",
  "CLOUDSDK_CORE_PROJECT",
];
const zoneVariables = ["GOOGLE_ZONE", "GCLOUD_ZONE", "CLOUDSDK_COMPUTE_ZONE"];

/** The first of these environment variables that is set and not empty. */
function setting(...names: readonly string[]): string | undefined {
  return names.map((name) => process.env[name]).find(Boolean);
}

function accessToken(): string {
  const token = setting("GOOGLE_OAUTH_ACCESS_TOKEN");
  if (token === undefined) {
    throw new Refusal(
      [
        "failed to load application credentials.",
        "To use your default gcloud credentials, run:",
        "    `gcloud auth application-default login`",
        "See https://www.pulumi.com/registry/packages/gcp/installation-configuration/ for details.",
        "Expanded error message: Attempted to load application default credentials since neither `credentials` nor `access_token` was set in the provider block.  No credentials loaded. To use your gcloud credentials, run 'gcloud auth application-default login'",
        "(This is the stand-in for the gcp plugin: it knows GOOGLE_OAUTH_ACCESS_TOKEN alone.)",
      ].join("\n"),
    );
  }
  return token;
}

function projectOf({ project }: Properties): string {
  const found = project ?? setting(...projectVariables);
  if (found === undefined) {
    throw new Refusal("project: required field is not set");
  }
  return String(found);
}

// Small things

function lastPart(link: unknown): string {
  const text = String(link);
  return text.slice(text.lastIndexOf("/") + 1);
}

function isSet(value: unknown): boolean {
  return (
    value !== undefined &&
    value !== "" &&
    !(Array.isArray(value) && value.length === 0)
  );
}
