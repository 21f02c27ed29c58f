import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mustSucceed, type Result, until } from "../exec.ts";
import type { HostSpec } from "../host.ts";
import { getKubernetes, type Kubernetes } from "../kubernetes.ts";
import { Lab } from "../lab.ts";
import { readIfThere } from "../optionalFiles.ts";
import { ControlPlane } from "./controlPlane.ts";
import { kubeletPort } from "./logs.ts";

export interface ClusterSpec {
  /** How many nodes: worker-0 and so on. */
  readonly workers: number;
  /** Addresses and pod CIDRs of IPv6 as well. Default: IPv4 alone. */
  readonly dualStack?: boolean;
  /** For each worker, the name of its interface on the network of the hosts. Default: enp0s8. */
  readonly interfaces?: readonly string[];
}

/** The host that has the control plane, kubectl and {@link kubeconfig}. It is no node. */
const controller = "controller-0";
/** Where an administrator of the controller finds the kubeconfig: root may read it, as with kubeadm. */
const kubeconfig = "/etc/kubernetes/admin.conf";
/** What every virtual machine of Vagrant and VirtualBox has on its first interface, with the default route. */
const natAddress = "10.0.2.15/24";

/** The kubelets of all nodes are one process on the controller, whichever node the API server calls. */
const toKubelets = `iptables -t nat -A OUTPUT -p tcp --dport ${kubeletPort} -j REDIRECT`;

let count = 0;

/**
 * A Kubernetes cluster without a pod network on hosts of a lab of its own: real API server, real
 * controllers, real flanneld in real network namespaces. What is not real is the kubelet, which runs
 * just the pods of flannel; see lab/kubernetes/kubelet.ts and its neighbours. Every worker has a pod
 * to ping from, see lab/pods.ts.
 */
export class Cluster {
  readonly controller = controller;

  /** The names of the nodes. */
  readonly workers: readonly string[];

  readonly lab: Lab;
  private readonly nodes: readonly NodeSpec[];
  private readonly controlPlane: ControlPlane;

  private constructor(
    lab: Lab,
    nodes: readonly NodeSpec[],
    controlPlane: ControlPlane,
  ) {
    this.lab = lab;
    this.nodes = nodes;
    this.controlPlane = controlPlane;
    this.workers = nodes.map(({ name }) => name);
  }

  static async start(spec: ClusterSpec): Promise<Cluster> {
    const kubernetes = await getKubernetes();
    const own = ["192.168.56.1/24", ...six(spec, "fd00:192:168:56::1/64")];
    const lab = await Lab.raise(`k${process.pid}x${count++}`, own);
    try {
      const nodes = nodesOf(spec);
      await lab.add(...hostsOf(spec, kubernetes));
      const { netns, address } = lab.host(controller);
      const directory = join(lab.directory, "control-plane");
      const at = { directory, netns, address, lab: lab.id };
      const controlPlane = new ControlPlane({ kubernetes, ...at });
      const cluster = new Cluster(lab, nodes, controlPlane);
      await Promise.all([controlPlane.start(), cluster.connectPods(nodes)]);
      cluster.writeKubeconfig();
      await cluster.register();
      await lab.on(controller, toKubelets);
      await controlPlane.startKubelets();
      return cluster;
    } catch (error) {
      await lab.down();
      throw error;
    }
  }

  /** Starts a worker anew, as after a power cut: with what it had on its disk, and without anything in its kernel. */
  async restart(worker: string): Promise<void> {
    await this.lab.kill(worker);
    await this.lab.revive(worker);
    const node = this.nodes.filter(({ name }) => name === worker);
    await this.connectPods(node);
  }

  /** Takes the cluster and its hosts away. */
  async stop(): Promise<void> {
    await this.controlPlane.stop();
    await this.lab.down();
  }

  /** Runs kubectl as an administrator and returns what it prints; throws if it fails. */
  async kubectl(args: readonly string[], input?: string): Promise<string> {
    const result = await this.tryKubectl(args, input);
    return mustSucceed(`kubectl ${args.join(" ")}`, result);
  }

  /** Runs kubectl as an administrator, whatever its exit code. */
  tryKubectl(args: readonly string[], input?: string): Promise<Result> {
    return this.controlPlane.kubectl(args, input);
  }

  /** What `kubectl get` finds. */
  async get<T>(...args: string[]): Promise<T> {
    return JSON.parse(await this.kubectl(["get", ...args, "-o", "json"]));
  }

  /** `kubectl apply` of objects. */
  async apply(...items: object[]): Promise<void> {
    const list = { apiVersion: "v1", kind: "List", items };
    await this.kubectl(["apply", "-f", "-"], JSON.stringify(list));
  }

  /** Ends the API server without notice. What it knew is there again once it is started. */
  stopApiServer(): Promise<void> {
    return this.controlPlane.stopApiServer();
  }

  /** Starts it and waits until it is ready. */
  startApiServer(): Promise<void> {
    return this.controlPlane.startApiServer();
  }

  /** One ping from the pod of a worker to that of another one, by each address that it has. */
  async ping(from: string, to: string): Promise<boolean> {
    const targets = this.lab.pods().filter(({ host }) => host === to);
    for (const { address } of targets) {
      if (!(await this.lab.ping(from, address))) {
        return false;
      }
    }
    return targets.length > 0;
  }

  /** Waits until the pod of every worker reaches that of every other one: flanneld learns of new nodes a moment after it is ready. */
  async connected(seconds = 20): Promise<void> {
    for (const from of this.workers) {
      for (const to of this.workers.filter((worker) => worker !== from)) {
        await until(
          `the pod of ${from} reaches that of ${to}`,
          async () => (await this.ping(from, to)) || undefined,
          seconds,
        );
      }
    }
  }

  /** All that flanneld, or another container, has said on a worker since the cluster was started. */
  flanneldLog(worker: string, container = "kube-flannel"): string {
    return readIfThere(
      join(this.lab.directory, "logs", worker, `${container}.log`),
    );
  }

  private async connectPods(nodes: readonly NodeSpec[]): Promise<void> {
    for (const { name, podCidrs } of nodes) {
      await this.lab.addPod(name, podCidrs);
      // The CNI plugin that makes the bridge does so: a host must forward what its pods send.
      const forwarding = ["ipv4.ip_forward", "ipv6.conf.all.forwarding"];
      const settings = forwarding.map((key) => `net.${key}=1`).join(" ");
      await this.lab.on(name, `sysctl -qw ${settings}`);
    }
  }

  private writeKubeconfig(): void {
    const file = join(this.lab.root(controller), kubeconfig);
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, this.controlPlane.portableKubeconfig(), {
      mode: 0o600,
    });
  }

  /** Makes the Node objects, as kubelets and the controller that gives out pod CIDRs would. */
  private async register(): Promise<void> {
    const arch = process.arch === "x64" ? "amd64" : process.arch;
    const objects = this.nodes.map(({ name, addresses, podCidrs }) => ({
      apiVersion: "v1",
      kind: "Node",
      metadata: {
        name,
        // as the kubelet has it; flanneld panics at a node without any annotation
        annotations: {
          "volumes.kubernetes.io/controller-managed-attach-detach": "true",
        },
        labels: {
          "kubernetes.io/hostname": name,
          "kubernetes.io/os": "linux",
          "kubernetes.io/arch": arch,
          "beta.kubernetes.io/os": "linux",
          "beta.kubernetes.io/arch": arch,
        },
      },
      spec: { podCIDR: podCidrs[0], podCIDRs: podCidrs },
      status: {
        addresses: [
          ...addresses.map((address) => ({
            type: "InternalIP",
            address: address.replace(/\/.*/, ""),
          })),
          { type: "Hostname", address: name },
        ],
        daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort } },
      },
    }));
    const list = { apiVersion: "v1", kind: "List", items: objects };
    await this.kubectl(["create", "-f", "-"], JSON.stringify(list));
  }
}

interface NodeSpec {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly podCidrs: readonly string[];
}

function nodesOf(spec: ClusterSpec): NodeSpec[] {
  return Array.from({ length: spec.workers }, (_, i) => ({
    name: `worker-${i}`,
    addresses: addressesOf(spec, 20 + i),
    podCidrs: [`10.244.${i}.0/24`, ...six(spec, `fd00:10:244:1${i}::/64`)],
  }));
}

function hostsOf(spec: ClusterSpec, kubernetes: Kubernetes): HostSpec[] {
  const { controllerLayer, nodeLayer } = kubernetes;
  const common = { kind: "plain", natAddress } as const;
  const iface = "enp0s8";
  return [
    {
      ...common,
      name: controller,
      iface,
      addresses: addressesOf(spec, 10),
      layers: [controllerLayer],
    },
    ...nodesOf(spec).map(({ name, addresses }, i) => ({
      ...common,
      name,
      addresses,
      iface: spec.interfaces?.[i] ?? iface,
      layers: [nodeLayer],
    })),
  ];
}

function addressesOf(spec: ClusterSpec, last: number): string[] {
  return [`192.168.56.${last}/24`, ...six(spec, `fd00:192:168:56::${last}/64`)];
}

/** What there is only with IPv6. */
function six({ dualStack = false }: ClusterSpec, value: string): string[] {
  return dualStack ? [value] : [];
}
