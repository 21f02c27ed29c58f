import { z } from "zod";
import {
  type Cidr,
  contains,
  type Family,
  firstAddress,
  overlaps,
} from "../core/cidr.ts";
import { Faults, show } from "../core/faults.ts";
import { parse } from "../core/schema.ts";
import { type Cluster, readCluster } from "../inventory/clusterArgs.ts";
import { type Node, podBlocks, readCidr } from "../inventory/nodes.ts";
import { readCidrs } from "../inventory/sources.ts";
import { type Hosts, readHosts } from "../ssh/endpoints.ts";
import type { Ssh } from "../ssh/sshArgs.ts";
import { flannelOverlayArgsSchema, flannelSchema } from "./flannelArgs.ts";
import { checkBackend } from "./flannelBackend.ts";

type Args = z.output<typeof flannelOverlayArgsSchema>;

/** The arguments of the overlay, read, checked and with the defaults filled in. */
export interface FlannelPlan extends Args {
  readonly cluster: readonly Node[];
  /** The node on which kubectl is run. */
  readonly controller: Node;
  /** How to reach that node, and no other. */
  readonly hosts: Hosts;
  /** The CIDRs of the overlay, at most one an address family. */
  readonly networks: readonly Cidr[];
  /** The CIDRs that choose the interface. */
  readonly interfaceCidrs: readonly Cidr[];
}

/** So many does the script take; Kubernetes itself is made for 5000. */
const mostNodes = 10000;

const { shape } = flannelSchema;
const orUndefined = z.unknown().transform(() => undefined);
/** The keys of the overlay that have to fit others; one that has a fault of its own is undefined. */
const relatedSchema = z.object({
  network: shape.network.or(orUndefined),
  backend: shape.backend.or(orUndefined),
  interfaces: z.looseObject({}).prefault({}).or(orUndefined),
  controller: shape.controller.or(orUndefined),
});

/** Reads and checks the arguments. Throws one FaultsError that names everything wrong with them. */
export function readFlannelArgs(
  value: unknown,
  faults = new Faults(),
): FlannelPlan {
  const args = parse(flannelOverlayArgsSchema, value, "", faults);
  const raw = (value ?? {}) as Record<string, unknown>;
  const { nodes: cluster, around, path, complete } = readCluster(raw, faults);
  const related = relatedSchema.safeParse(raw.flannel ?? {}).data;
  // a node that was left out may be the controller
  const controller = complete
    ? findController(cluster, related?.controller, path, faults)
    : undefined;
  const withPods = cluster.filter(({ podCidrs }) => podCidrs.length > 0).length;
  if (withPods > mostNodes) {
    faults.add(
      path,
      `${withPods} nodes have pod CIDRs, expected at most ${mostNodes}`,
    );
  }
  const networks = readNetworks(related?.network, faults);
  checkNetworks(networks, cluster, around, faults);
  const families = new Set(networks.map(({ family }) => family));
  if (related?.backend !== undefined) {
    checkBackend(related.backend, families, "flannel.backend", faults);
  }
  const interfaceCidrs = readInterfaceCidrs(
    related?.interfaces?.cidrs,
    cluster,
    families,
    faults,
  );
  const hosts = args && readController(args.ssh, controller, cluster, faults);
  faults.throwIfAny("the configuration cannot be used");
  return {
    ...args,
    cluster,
    controller,
    hosts,
    networks,
    interfaceCidrs,
  } as FlannelPlan;
}

function findController(
  cluster: readonly Node[],
  wanted: string | undefined,
  path: string,
  faults: Faults,
): Node | undefined {
  const controller = cluster.find(({ name, role }) =>
    wanted === undefined ? role === "controller" : name === wanted,
  );
  if (controller === undefined) {
    if (wanted === undefined) {
      faults.add(
        path,
        "there is no controller on which kubectl could be run: add one, or name a node that has kubectl and a kubeconfig in flannel.controller",
      );
    } else {
      const names = cluster.map(({ name }) => name).join(", ");
      faults.add(
        "flannel.controller",
        `${show(wanted)} is the name of no node, expected one of ${names}`,
      );
    }
  }
  return controller;
}

/** How to reach the controller alone. The host keys may be those of all nodes. */
function readController(
  ssh: Ssh,
  controller: Node | undefined,
  cluster: readonly Node[],
  faults: Faults,
): Hosts {
  const others = new Set(
    cluster.filter((node) => node !== controller).map(({ name }) => name),
  );
  const hostKeys = Object.fromEntries(
    Object.entries(ssh.hostKeys).filter(([name]) => !others.has(name)),
  );
  return readHosts(
    { ...ssh, hostKeys },
    controller ? [controller] : [],
    faults,
  );
}

function readNetworks(
  network: string | string[] | undefined,
  faults: Faults,
): Cidr[] {
  const list = typeof network === "string" ? [network] : (network ?? []);
  const path = (i: number) =>
    typeof network === "string" ? "flannel.network" : `flannel.network[${i}]`;
  const networks = list.flatMap((text, i) => {
    const cidr = readCidr(text, path(i), faults);
    const other = list
      .slice(0, i)
      .findIndex((before) => before.includes(":") === text.includes(":"));
    if (cidr !== undefined && other >= 0) {
      faults.add(
        path(i),
        `${show(text)} is IPv${cidr.family} as ${show(list[other])}, expected at most one network an address family`,
      );
    }
    return cidr ?? [];
  });
  if (network !== undefined && list.length === 0) {
    faults.add("flannel.network", "expected one or two CIDRs, there is none");
  }
  // without one of them, what is meant for it would look out of place
  return networks.length === list.length ? networks : [];
}

/** flanneld ends on a node whose pod CIDR is outside of its network; the rest would break what is around. */
function checkNetworks(
  networks: readonly Cidr[],
  cluster: readonly Node[],
  around: Cluster["around"],
  faults: Faults,
): void {
  if (networks.length === 0) {
    return;
  }
  const known = networks.map(({ text }) => text).join(", ");
  for (const { cidr, node } of podBlocks(cluster)) {
    const network = networks.find(({ family }) => family === cidr.family);
    if (network === undefined) {
      faults.add(
        node.path,
        `pod CIDR ${show(cidr.text)} of ${node.name} is IPv${cidr.family}, flannel.network ${known} is not: add an IPv${cidr.family} network`,
      );
    } else if (!within(cidr, network)) {
      faults.add(
        node.path,
        `pod CIDR ${show(cidr.text)} of ${node.name} is outside of flannel.network ${network.text}, expected the network to contain every pod CIDR: it is --cluster-cidr of kube-controller-manager`,
      );
    }
  }
  for (const network of networks) {
    const without = cluster.filter(
      ({ podCidrs }) =>
        podCidrs.length > 0 &&
        !podCidrs.some(({ family }) => family === network.family),
    );
    for (const node of without) {
      faults.add(
        node.path,
        `${node.name} has no IPv${network.family} pod CIDR, which flannel.network ${network.text} asks of every node that runs pods`,
      );
    }
    const clash = [
      ...around.nodeSubnets.map((cidr) => ["nodeSubnets", cidr] as const),
      ...around.serviceCidrs.map((cidr) => ["serviceCidrs", cidr] as const),
    ].filter(([, cidr]) => overlaps(cidr, network));
    for (const [name, cidr] of clash) {
      faults.add(
        "flannel.network",
        `${show(network.text)} overlaps ${cidr.text} of ${name}, which the overlay would swallow`,
      );
    }
    for (const node of cluster) {
      const inside = node.internalIps.find((ip) => contains(network, ip));
      if (inside !== undefined) {
        faults.add(
          "flannel.network",
          `${show(network.text)} contains the internal IP ${inside.text} of ${node.name}, which the overlay would cut off`,
        );
      }
    }
  }
}

function within(inner: Cidr, outer: Cidr): boolean {
  return inner.prefix >= outer.prefix && contains(outer, firstAddress(inner));
}

/** CIDRs that are to choose the interface must find each node's internal IP: flanneld ends on a host where they find none. */
function readInterfaceCidrs(
  texts: unknown,
  cluster: readonly Node[],
  families: ReadonlySet<Family>,
  faults: Faults,
): Cidr[] {
  const path = "flannel.interfaces.cidrs";
  const cidrs = readCidrs(texts, path, faults);
  for (const family of cidrs.length === 0 ? [] : families) {
    const ofFamily = cidrs.filter((cidr) => cidr.family === family);
    if (ofFamily.length === 0) {
      faults.add(
        path,
        `has no IPv${family} CIDR, which flannel.network with IPv${family} needs too`,
      );
      continue;
    }
    for (const node of cluster) {
      const ip = node.internalIps.find((one) => one.family === family);
      if (ip && !ofFamily.some((cidr) => contains(cidr, ip))) {
        faults.add(
          path,
          `none of ${ofFamily.map(({ text }) => text).join(", ")} has the internal IP ${ip.text} of ${node.name}`,
        );
      }
    }
  }
  return cidrs;
}
