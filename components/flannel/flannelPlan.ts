import { z } from "zod";
import { type Cidr, contains, type Family } from "../core/cidr.ts";
import { Faults, show } from "../core/faults.ts";
import { complete, parseKeys } from "../core/schema.ts";
import { readCluster } from "../inventory/clusterArgs.ts";
import type { Node } from "../inventory/nodes.ts";
import { type Hosts, readHosts } from "../ssh/endpoints.ts";
import type { Ssh } from "../ssh/sshArgs.ts";
import { flannelOverlayArgsSchema, flannelSchema } from "./flannelArgs.ts";
import { checkBackend } from "./flannelBackend.ts";
import { interfacesSchema } from "./flannelInterfaces.ts";
import { checkNetworks } from "./flannelNetworks.ts";

type Args = z.output<typeof flannelOverlayArgsSchema>;

/** The arguments of the overlay, read, checked and with the defaults filled in. */
export interface FlannelPlan extends Args {
  readonly cluster: readonly Node[];
  /** The node on which kubectl is run. */
  readonly controller: Node;
  /** How to reach that node, and no other. */
  readonly hosts: Hosts;
}

/** The most nodes that the script takes; Kubernetes itself supports 5,000. */
const mostNodes = 10000;

/** The arguments, of which those of the overlay are read key by key too. */
const outerSchema = flannelOverlayArgsSchema.extend({
  flannel: z.unknown().prefault({}),
});
const overlaySchema = flannelSchema.extend({
  interfaces: z.unknown().prefault({}),
});

/** Reads and checks the arguments. Throws one FaultsError that names everything wrong with them. */
export function readFlannelArgs(
  value: unknown,
  faults = new Faults(),
): FlannelPlan {
  const outer = parseKeys(outerSchema, value, "", faults);
  const overlay = parseKeys(overlaySchema, outer.flannel, "flannel", faults);
  const interfaces = parseKeys(
    interfacesSchema,
    overlay.interfaces,
    "flannel.interfaces",
    faults,
  );
  const read = readCluster(outer, faults);
  const { nodes: cluster, around, path } = read;
  // a node that was left out may be the controller
  const controller = read.complete
    ? findController(cluster, overlay.controller ?? undefined, path, faults)
    : undefined;
  const withPods = cluster.filter(({ podCidrs }) => podCidrs.length > 0).length;
  if (withPods > mostNodes) {
    faults.add(
      path,
      `${withPods} nodes have pod CIDRs, expected at most ${mostNodes}`,
    );
  }
  const networks = overlay.network ?? [];
  checkNetworks(networks, cluster, around, faults);
  const families = new Set(networks.map(({ family }) => family));
  if (overlay.backend !== null) {
    checkBackend(overlay.backend, families, "flannel.backend", faults);
  }
  checkInterfaceCidrs(interfaces.cidrs ?? [], cluster, families, faults);
  const hosts =
    outer.ssh && readController(outer.ssh, controller, cluster, faults);
  const flannel = {
    ...complete(overlay, faults),
    interfaces: complete(interfaces, faults),
  };
  return complete<FlannelPlan>(
    {
      ...outer,
      flannel,
      cluster,
      controller: controller ?? null,
      hosts,
    },
    faults,
  );
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

/** CIDRs that are to choose the interface must find each node's internal IP: flanneld ends on a host where they find none. */
function checkInterfaceCidrs(
  cidrs: readonly Cidr[],
  cluster: readonly Node[],
  families: ReadonlySet<Family>,
  faults: Faults,
): void {
  const path = "flannel.interfaces.cidrs";
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
}
