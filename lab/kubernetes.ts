import { chmodSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { installTools } from "./base.ts";
import { builtFrom, once } from "./cache.ts";
import { tryRun } from "./exec.ts";
import { goBuild, moduleVersion } from "./goBuild.ts";

/** What a cluster of the tests is made of; versions are those of the go.mod files, whatever this machine has. */
export interface Kubernetes {
  readonly apiServer: string;
  readonly controllerManager: string;
  readonly kubectl: string;
  /** A layer for controllers, see HostSpec: kubectl. */
  readonly controllerLayer: string;
  /** A layer for nodes: the container images, unpacked, below {@link images}. */
  readonly nodeLayer: string;
}

/** Where a node has the files of container images, a directory each. */
export const images = "/var/lib/lab-images";

const version = moduleVersion("kubernetes/server", "k8s.io/kubernetes");
const flannelVersion = moduleVersion(
  "kubernetes/flanneld",
  "github.com/flannel-io/flannel",
);

const withoutGo =
  "Kubernetes and flannel are built from Go modules for the tests, so that their versions are known: needs Go";

/** Why there can be no Kubernetes with flannel on this machine, or undefined if nothing is in its way; it is got ready then. */
export async function kubernetesObstacle(): Promise<string | undefined> {
  const obstacle = await kernelObstacle();
  if (obstacle !== undefined) {
    return obstacle;
  }
  return getKubernetes().then(
    () => undefined,
    (error: Error) => error.message,
  );
}

/** What flanneld asks of the kernel, and no namespace can bring. */
async function kernelObstacle(): Promise<string | undefined> {
  const probes = {
    vxlan: "ip link add probe type vxlan id 1 dstport 4789",
    // since Linux 5.3 every network namespace has it, once the module is there
    br_netfilter: "test -e /proc/sys/net/bridge/bridge-nf-call-iptables",
  };
  for (const [module, probe] of Object.entries(probes)) {
    const { code } = await tryRun("unshare", ["-n", "sh", "-c", probe]);
    if (code !== 0) {
      return `flannel needs the kernel module ${module}: modprobe ${module}`;
    }
  }
  return undefined;
}

/** Builds the programs of Kubernetes and flannel, and installs etcd, once a machine. */
export async function getKubernetes(): Promise<Kubernetes> {
  await installTools("etcd");
  const server = await builtServer();
  return {
    apiServer: join(server, "kube-apiserver"),
    controllerManager: join(server, "kube-controller-manager"),
    kubectl: join(server, controllerTools, "kubectl"),
    controllerLayer: join(server, "layer"),
    nodeLayer: await builtImages(),
  };
}

const controllerTools = "layer/usr/local/bin";

function builtServer(): Promise<string> {
  const directory = builtFrom("kubernetes", "kubernetes/server/go.mod");
  return once(directory, async (unfinished) => {
    const variables = "k8s.io/component-base/version";
    const [, major, minor] = /^v(\d+)\.(\d+)/.exec(version) ?? [];
    const ldflags = [
      "-s -w",
      `-X ${variables}.gitVersion=${version}`,
      `-X ${variables}.gitMajor=${major} -X ${variables}.gitMinor=${minor}`,
    ];
    const programs = ["kube-apiserver", "kube-controller-manager", "kubectl"];
    await goBuild(unfinished, {
      what: `${programs.join(", ")} ${version}`,
      takes: "four to five minutes",
      withoutGo,
      part: "kubernetes/server",
      targets: programs.map((program) => `k8s.io/kubernetes/cmd/${program}`),
      ldflags: ldflags.join(" "),
      env: { CGO_ENABLED: "0" },
    });
    makeReadable(unfinished, controllerTools);
    renameSync(
      join(unfinished, "kubectl"),
      join(unfinished, controllerTools, "kubectl"),
    );
  });
}

/**
 * The container images that a manifest of flannel names, with what is run of them. flanneld is the
 * real one. The CNI plugin is an inert file: nothing here starts containers with it, it only has to
 * arrive on the host.
 */
function builtImages(): Promise<string> {
  const directory = builtFrom(
    "flannel",
    "kubernetes/flanneld/go.mod",
    "kubernetes/flanneld/tencent/vpc/v20170312/client.go",
  );
  return once(directory, async (unfinished) => {
    const flannel = join(images, "flannel/opt/bin");
    const plugin = join(images, "flannel-cni-plugin");
    // its backend `udp`, which exists on this architecture only, is written in C
    const cgo = process.arch === "x64";
    if (cgo) {
      await installTools("gcc");
    }
    makeReadable(unfinished, flannel);
    makeReadable(unfinished, plugin);
    await goBuild(join(unfinished, flannel), {
      what: `flanneld ${flannelVersion}`,
      takes: "a minute",
      withoutGo,
      part: "kubernetes/flanneld",
      targets: ["github.com/flannel-io/flannel"],
      // static, because the hosts' Debian has other libraries than this machine
      ldflags: `-s -w -extldflags -static -X github.com/flannel-io/flannel/pkg/version.Version=${flannelVersion}`,
      tags: "netgo,osusergo",
      env: { CGO_ENABLED: cgo ? "1" : "0" },
    });
    renameSync(
      join(unfinished, flannel, "flannel"),
      join(unfinished, flannel, "flanneld"),
    );
    writeFileSync(
      join(unfinished, plugin, "flannel"),
      "stands in for the CNI plugin of flannel, see lab/kubernetes.ts\n",
      { mode: 0o755 },
    );
  });
}

/** Makes a directory in another one that all users of a host can enter, whatever the umask is here. */
function makeReadable(root: string, path: string): void {
  mkdirSync(join(root, path), { recursive: true });
  for (let part = path; ; part = dirname(part)) {
    chmodSync(join(root, part), 0o755);
    if ([".", "/"].includes(part)) {
      return;
    }
  }
}
