import { getClientConfig } from "@pulumi/gcp/organizations/index.js";
import type { InvokeOptions } from "@pulumi/pulumi";
import { readAnswer } from "../cloud/answers.ts";
import type { Instance } from "../cloud/instances.ts";
import { providerSettings } from "../cloud/providerSettings.ts";
import { canonical } from "../core/cidr.ts";
import { type Faults, show } from "../core/faults.ts";
import { computeApi, endpoint, relative } from "./computeApi.ts";
import {
  type ApiInstance,
  clientSchema,
  type GcpRoute,
  instanceSchema,
  networkSchema,
  routeSchema,
  subnetworkSchema,
} from "./gcpAnswers.ts";
import type { GcpArgs } from "./gcpArgs.ts";

/** An instance that a route can lead to. */
export interface GcpInstance extends Instance {
  /** `projects/PROJECT/zones/ZONE/instances/NAME`. */
  readonly path: string;
  readonly zone: string;
  readonly canIpForward: boolean;
  /** Whether it has an interface in the network of the routes. */
  readonly inNetwork: boolean;
}

/** What GCP has. */
export interface GcpFindings {
  /** The project of the network, which is that of its routes. */
  readonly project: string;
  /** The project of the provider, which is that of the instances. */
  readonly instanceProject: string;
  /** The network's self link; undefined if there is none. */
  readonly network: string | undefined;
  /** The ranges of the addresses of nodes in the network. */
  readonly nodeRanges: readonly string[];
  /** The other ranges of the network's subnets, for pods and services of GKE for example. */
  readonly otherRanges: readonly string[];
  /** All routes of the project: their names are unique in it. */
  readonly routes: readonly GcpRoute[];
  /** All instances of the provider's project. */
  readonly instances: readonly GcpInstance[];
}

/**
 * Looks up everything that the plan depends on. Pulumi's gcp package can list neither routes nor instances,
 * so this reads the compute API with the credentials of the provider.
 */
export async function lookUp(
  args: GcpArgs,
  faults: Faults,
  options: InvokeOptions,
): Promise<GcpFindings> {
  const client = readAnswer(
    clientSchema,
    await getClientConfig(options),
    "the provider's project and access token",
  );
  const settings = providerSettings("gcp", options);
  const api = computeApi(await endpoint(settings), client.accessToken);
  const [, inLink, name = args.network] =
    /projects\/([^/]+)\/global\/networks\/([^/]+)$/.exec(args.network) ?? [];
  const project = inLink ?? client.project;
  if (project === "") {
    throw new Error(
      "no project is given, set it: pulumi config set gcp:project PROJECT",
    );
  }
  const instanceProject = client.project || project;
  const [network, subnetworks, routes, instances] = await Promise.all([
    api.get(`projects/${project}/global/networks/${name}`, networkSchema),
    api.all(
      `projects/${project}/aggregated/subnetworks`,
      subnetworkSchema,
      "subnetworks",
    ),
    api.all(`projects/${project}/global/routes`, routeSchema),
    api.all(
      `projects/${instanceProject}/aggregated/instances`,
      instanceSchema,
      "instances",
    ),
  ]);
  const isNetwork = (link: string) =>
    network !== undefined && relative(link) === relative(network.selfLink);
  if (network === undefined) {
    faults.add("network", `project ${project} has no network ${show(name)}`);
  }
  const ranges = subnetworks.filter((subnet) => isNetwork(subnet.network));
  return {
    project,
    instanceProject,
    network: network?.selfLink,
    nodeRanges: ranges.flatMap((r) =>
      canonicalTexts([
        r.ipCidrRange,
        r.ipv6CidrRange,
        r.internalIpv6Prefix,
        r.externalIpv6Prefix,
      ]),
    ),
    otherRanges: ranges.flatMap((r) =>
      canonicalTexts((r.secondaryIpRanges ?? []).map((s) => s.ipCidrRange)),
    ),
    routes: routes.map((route) => ({
      ...route,
      destRange: canonical(route.destRange),
    })),
    instances: instances.map((one) => toInstance(one, args, isNetwork)),
  };
}

function toInstance(
  one: ApiInstance,
  { instances }: GcpArgs,
  isNetwork: (link: string) => boolean,
): GcpInstance {
  const inside = one.networkInterfaces?.find((nic) => isNetwork(nic.network));
  const nic = inside ?? one.networkInterfaces?.[0];
  const item = one.metadata?.items?.find(
    ({ key }) => key === instances?.podCidrKey,
  );
  return {
    name: one.name,
    id: one.zone,
    path: relative(one.selfLink),
    zone: one.zone,
    state: one.status,
    running: one.status === "RUNNING",
    addresses: canonicalTexts([nic?.networkIP, nic?.ipv6Address]),
    podCidrs: item?.value ?? undefined,
    canIpForward: one.canIpForward ?? false,
    inNetwork: inside !== undefined,
  };
}

/** Those of these texts that are not empty, in the canonical form of addresses and CIDRs. */
function canonicalTexts(texts: readonly (string | undefined)[]): string[] {
  return texts.flatMap((text) => (text ? [canonical(text)] : []));
}
