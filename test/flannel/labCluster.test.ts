import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { until } from "../../lab/exec.ts";
import { Cluster } from "../../lab/kubernetes/cluster.ts";
import { traces } from "../engine/traces.ts";

describe("the lab's cluster, with flannel's own manifest", () => {
  const namespace = "kube-flannel";
  const waiting = ["rollout", "status", "daemonset/flannel", "-n", namespace];
  let cluster: Cluster;

  before(async () => {
    cluster = await Cluster.start({ workers: 2 });
  });
  after(async () => {
    const { id } = cluster.lab;
    await cluster.stop();
    assert.equal(await traces(id), "");
  });

  /** Waits until a node has the annotation by which the others find flannel's end of a tunnel. */
  async function announces(node: string, address: string): Promise<void> {
    await until(`${node} announces ${address}`, async () => {
      const { metadata } = await cluster.get<{
        metadata: { annotations: Record<string, string> };
      }>("node", node);
      return metadata.annotations["flannel.alpha.coreos.com/public-ip"] ===
        address
        ? true
        : undefined;
    });
  }

  it("without the right to list nodes, flanneld connects no pods and logs why", async () => {
    await cluster.apply(...flannel(["--iface=enp0s8"], ["get", "watch"]));
    await cluster.kubectl([...waiting, "--timeout=60s"]);
    await until("flanneld says why", async () =>
      cluster.flanneldLog("worker-0").includes('cannot list resource "nodes"')
        ? true
        : undefined,
    );
    assert.equal(await cluster.ping("worker-0", "worker-1"), false);
  });

  it("with that right, flanneld connects the pods", async () => {
    await cluster.apply(...flannel(["--iface=enp0s8"]));
    await cluster.kubectl([...waiting, "--timeout=60s"]);
    await announces("worker-0", "192.168.56.20");
    await cluster.connected();
    const conflist = await cluster.lab.on(
      "worker-1",
      "cat /etc/cni/net.d/10-flannel.conflist",
    );
    assert.equal(conflist, cniConf);
  });

  it("nodes become ready once they have a network", async () => {
    const condition = ["--for=condition=Ready", "--timeout=30s"];
    await cluster.kubectl(["wait", "node", "--all", ...condition]);
  });

  it("the network keeps working while the API server is down", async () => {
    await cluster.stopApiServer();
    assert.notEqual((await cluster.tryKubectl(["get", "nodes"])).code, 0);
    assert.ok(await cluster.ping("worker-1", "worker-0"));
    await cluster.startApiServer();
    await cluster.kubectl([...waiting, "--timeout=60s"]);
  });

  it("no ping arrives if flannel uses the interface with the default route", async () => {
    await cluster.apply(...flannel([]));
    await cluster.kubectl([...waiting, "--timeout=60s"]);
    for (const worker of cluster.workers) {
      await announces(worker, "10.0.2.15");
    }
    assert.equal(await cluster.ping("worker-0", "worker-1"), false);
    assert.equal(await cluster.ping("worker-1", "worker-0"), false);
  });

  it("deleting the namespace deletes all objects in it, and ends flanneld", async () => {
    const running = () => cluster.lab.on("worker-0", "pgrep flanneld || true");
    assert.notEqual(await running(), "");
    const patience = ["--wait", "--timeout=60s"];
    await cluster.kubectl(["delete", "namespace", namespace, ...patience]);
    assert.equal(await running(), "");
    const links = await cluster.lab.on("worker-0", "ip link show flannel.1");
    assert.match(links, /flannel\.1/, "which flanneld leaves behind");
  });

  it("only root on the controller can use kubectl", async () => {
    const kubectl = "kubectl --kubeconfig /etc/kubernetes/admin.conf get nodes";
    const asOps = (command: string) =>
      cluster.lab.on(cluster.controller, `setpriv --reuid ops ${command}`);
    assert.match(await asOps(`sudo ${kubectl}`), /worker-1 +Ready/);
    await assert.rejects(asOps(kubectl), /permission denied/);
  });

  /** The objects of flannel's own manifest, less what does not matter here. */
  function flannel(
    options: readonly string[],
    onNodes: readonly string[] = ["get", "list", "watch"],
  ): object[] {
    const app = { app: "flannel" };
    const rbac = "rbac.authorization.k8s.io";
    const configuration = { name: "cfg", mountPath: "/etc/kube-flannel/" };
    const role = { apiGroup: rbac, kind: "ClusterRole", name: "flannel" };
    return [
      {
        apiVersion: "v1",
        kind: "Namespace",
        metadata: {
          name: namespace,
          labels: { "pod-security.kubernetes.io/enforce": "privileged" },
        },
      },
      {
        apiVersion: "v1",
        kind: "ServiceAccount",
        metadata: { name: "flannel", namespace },
      },
      {
        apiVersion: `${rbac}/v1`,
        kind: "ClusterRole",
        metadata: { name: "flannel" },
        rules: [
          { apiGroups: [""], resources: ["pods"], verbs: ["get"] },
          { apiGroups: [""], resources: ["nodes"], verbs: onNodes },
          { apiGroups: [""], resources: ["nodes/status"], verbs: ["patch"] },
        ],
      },
      {
        apiVersion: `${rbac}/v1`,
        kind: "ClusterRoleBinding",
        metadata: { name: "flannel" },
        roleRef: role,
        subjects: [{ kind: "ServiceAccount", name: "flannel", namespace }],
      },
      {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "kube-flannel-cfg", namespace },
        data: {
          "cni-conf.json": cniConf,
          "net-conf.json":
            '{ "Network": "10.244.0.0/16", "Backend": { "Type": "vxlan" } }',
        },
      },
      {
        apiVersion: "apps/v1",
        kind: "DaemonSet",
        metadata: { name: "flannel", namespace },
        spec: {
          selector: { matchLabels: app },
          template: {
            metadata: { labels: app },
            spec: {
              hostNetwork: true,
              nodeSelector: { "kubernetes.io/os": "linux" },
              tolerations: [{ operator: "Exists", effect: "NoSchedule" }],
              serviceAccountName: "flannel",
              terminationGracePeriodSeconds: 5,
              initContainers: [
                copy("flannel-cni-plugin", "/flannel", "/opt/cni/bin/flannel", [
                  { name: "plugins", mountPath: "/opt/cni/bin" },
                ]),
                copy(
                  "flannel",
                  "/etc/kube-flannel/cni-conf.json",
                  "/etc/cni/net.d/10-flannel.conflist",
                  [{ name: "cni", mountPath: "/etc/cni/net.d" }, configuration],
                ),
              ],
              containers: [
                {
                  name: "kube-flannel",
                  image: "ghcr.io/flannel-io/flannel:v0.28.4",
                  command: ["/opt/bin/flanneld"],
                  args: ["--ip-masq", "--kube-subnet-mgr", ...options],
                  securityContext: {
                    capabilities: { add: ["NET_ADMIN", "NET_RAW"] },
                  },
                  env: [
                    variable("POD_NAME", "metadata.name"),
                    variable("POD_NAMESPACE", "metadata.namespace"),
                  ],
                  volumeMounts: [
                    { name: "run", mountPath: "/run/flannel" },
                    { name: "lock", mountPath: "/run/xtables.lock" },
                    configuration,
                  ],
                },
              ],
              volumes: [
                hostPath("run", "/run/flannel"),
                hostPath("lock", "/run/xtables.lock", "FileOrCreate"),
                hostPath("plugins", "/opt/cni/bin"),
                hostPath("cni", "/etc/cni/net.d"),
                { name: "cfg", configMap: { name: "kube-flannel-cfg" } },
              ],
            },
          },
        },
      },
    ];
  }
});

const cniConf =
  '{ "name": "cbr0", "cniVersion": "0.3.1", "plugins": [{ "type": "flannel" }] }';

function copy(
  image: string,
  from: string,
  to: string,
  volumeMounts: readonly object[],
): object {
  return {
    name: `copy-by-${image}`,
    image: `ghcr.io/flannel-io/${image}:v1`,
    command: ["cp"],
    args: ["-f", from, to],
    volumeMounts,
  };
}

function variable(name: string, fieldPath: string): object {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}

function hostPath(name: string, path: string, type = ""): object {
  return { name, hostPath: { path, type } };
}
