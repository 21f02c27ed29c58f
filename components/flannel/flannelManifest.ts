import { createHash } from "node:crypto";
import type { DaemonSet } from "kubernetes-types/apps/v1.d.ts";
import type {
  ConfigMap,
  Namespace,
  ServiceAccount,
} from "kubernetes-types/core/v1.d.ts";
import type {
  ClusterRole,
  ClusterRoleBinding,
} from "kubernetes-types/rbac/v1.d.ts";
import { stringify } from "yaml";
import { backendConf } from "./flannelBackend.ts";
import { interfaceFlags } from "./flannelInterfaces.ts";
import type { FlannelPlan } from "./flannelPlan.ts";

/** An object of Kubernetes. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels: Readonly<Record<string, string>>;
  };
}

/** The label that says which stack made an object. */
const ownerLabel = "pod-network-routes/owner";

/** The namespaces that every cluster has: they are neither created nor removed. */
const builtInNamespaces = [
  "kube-system",
  "kube-public",
  "kube-node-lease",
  "default",
];

const name = "flannel";
const configName = "kube-flannel-cfg";
const daemonSetName = "kube-flannel-ds";
/** The labels of flannel's own manifest. Its documentation and tools select by them. */
const app = { tier: "node", app: "flannel", "k8s-app": "flannel" };
const selector = { app: "flannel" };

/**
 * The objects of the overlay, in the order in which they can be created. They are those of
 * Documentation/kube-flannel.yml of flannel v0.28.4; docs/flannel.md says where they differ, and why.
 *
 * @param owner the stack that they belong to, as the value of a label
 * @param psk the pre-shared key of WireGuard, if there is one
 */
export function manifest(
  plan: FlannelPlan,
  owner: string,
  psk?: string,
): KubernetesObject[] {
  const { namespace } = plan.flannel;
  const labels = {
    "app.kubernetes.io/managed-by": "pod-network-routes",
    [ownerLabel]: owner,
  };
  const data = {
    "cni-conf.json": json(cniConf),
    "net-conf.json": json(netConf(plan, psk)),
  };
  return [
    ...(builtInNamespaces.includes(namespace)
      ? []
      : [namespaceOf(namespace, labels)]),
    serviceAccount(namespace, labels),
    clusterRole(labels),
    clusterRoleBinding(namespace, labels),
    configMap(namespace, labels, data),
    daemonSet(plan, labels, digest(data)),
  ];
}

/** Objects as one YAML text. */
export function toYaml(objects: readonly KubernetesObject[]): string {
  return objects
    .map((object) =>
      // kubectl reads YAML 1.1, where `on` and `0b1` are strings only if quoted; not every reader knows aliases
      stringify(object, {
        version: "1.1",
        lineWidth: 0,
        aliasDuplicateObjects: false,
      }),
    )
    .join("---\n");
}

type Labels = Readonly<Record<string, string>>;

function namespaceOf(namespace: string, labels: Labels) {
  return {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: {
      name: namespace,
      labels: {
        ...labels,
        "k8s-app": "flannel",
        // "baseline" forbids the host network, host paths and NET_ADMIN
        "pod-security.kubernetes.io/enforce": "privileged",
      },
    },
  } satisfies Namespace;
}

function serviceAccount(namespace: string, labels: Labels) {
  return {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name, namespace, labels: { ...labels, "k8s-app": "flannel" } },
  } satisfies ServiceAccount;
}

function clusterRole(labels: Labels) {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name, labels: { ...labels, "k8s-app": "flannel" } },
    rules: [
      { apiGroups: [""], resources: ["pods"], verbs: ["get"] },
      {
        apiGroups: [""],
        resources: ["nodes"],
        verbs: ["get", "list", "watch"],
      },
      { apiGroups: [""], resources: ["nodes/status"], verbs: ["patch"] },
    ],
  } satisfies ClusterRole;
}

function clusterRoleBinding(namespace: string, labels: Labels) {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name, labels: { ...labels, "k8s-app": "flannel" } },
    roleRef: {
      apiGroup: "rbac.authorization.k8s.io",
      kind: "ClusterRole",
      name,
    },
    subjects: [{ kind: "ServiceAccount", name, namespace }],
  } satisfies ClusterRoleBinding;
}

function configMap(
  namespace: string,
  labels: Labels,
  data: Record<string, string>,
) {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: configName, namespace, labels: { ...labels, ...app } },
    data,
  } satisfies ConfigMap;
}

function daemonSet(plan: FlannelPlan, labels: Labels, configDigest: string) {
  const { flannel } = plan;
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: {
      name: daemonSetName,
      namespace: flannel.namespace,
      labels: { ...labels, ...app },
    },
    spec: {
      selector: { matchLabels: selector },
      // a flanneld that exits at once is ready for a moment; waiting stops a bad change at the first nodes
      minReadySeconds: 5,
      updateStrategy: {
        type: "RollingUpdate",
        rollingUpdate: { maxUnavailable: flannel.maxUnavailable },
      },
      template: {
        metadata: {
          labels: { tier: "node", app: "flannel" },
          // flanneld reads its configuration only when it starts, so a new one has to restart it
          annotations: { "pod-network-routes/config": configDigest },
        },
        spec: {
          affinity: {
            nodeAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: {
                nodeSelectorTerms: [
                  {
                    matchExpressions: [
                      {
                        key: "kubernetes.io/os",
                        operator: "In",
                        values: ["linux"],
                      },
                    ],
                  },
                ],
              },
            },
          },
          hostNetwork: true,
          priorityClassName: flannel.priorityClassName,
          tolerations: defined(flannel.tolerations),
          serviceAccountName: name,
          initContainers: [
            {
              name: "install-cni-plugin",
              image: flannel.cniPluginImage,
              command: ["cp"],
              args: ["-f", "/flannel", "/opt/cni/bin/flannel"],
              volumeMounts: [{ name: "cni-plugin", mountPath: "/opt/cni/bin" }],
            },
            {
              name: "install-cni",
              image: flannel.image,
              command: ["cp"],
              args: [
                "-f",
                "/etc/kube-flannel/cni-conf.json",
                "/etc/cni/net.d/10-flannel.conflist",
              ],
              volumeMounts: [
                { name: "cni", mountPath: "/etc/cni/net.d" },
                { name: "flannel-cfg", mountPath: "/etc/kube-flannel/" },
              ],
            },
          ],
          containers: [
            {
              name: "kube-flannel",
              image: flannel.image,
              command: ["/opt/bin/flanneld"],
              args: [
                "--ip-masq",
                "--kube-subnet-mgr",
                ...interfaceFlags(flannel.interfaces),
              ],
              resources: defined(flannel.resources),
              securityContext: {
                privileged: false,
                capabilities: { add: ["NET_ADMIN", "NET_RAW"] },
              },
              env: [
                field("POD_NAME", "metadata.name"),
                field("POD_NAMESPACE", "metadata.namespace"),
                { name: "EVENT_QUEUE_DEPTH", value: "5000" },
                { name: "CONT_WHEN_CACHE_NOT_READY", value: "false" },
              ],
              volumeMounts: [
                { name: "run", mountPath: "/run/flannel" },
                { name: "flannel-cfg", mountPath: "/etc/kube-flannel/" },
                { name: "xtables-lock", mountPath: "/run/xtables.lock" },
              ],
            },
          ],
          volumes: [
            { name: "run", hostPath: { path: "/run/flannel" } },
            { name: "cni-plugin", hostPath: { path: "/opt/cni/bin" } },
            { name: "cni", hostPath: { path: "/etc/cni/net.d" } },
            { name: "flannel-cfg", configMap: { name: configName } },
            {
              name: "xtables-lock",
              hostPath: { path: "/run/xtables.lock", type: "FileOrCreate" },
            },
          ],
        },
      },
    },
  } satisfies DaemonSet;
}

function field(variable: string, fieldPath: string) {
  return { name: variable, valueFrom: { fieldRef: { fieldPath } } };
}

type Defined<T> = T extends object
  ? { [K in keyof T]: Defined<Exclude<T[K], undefined>> }
  : T;

/** The same value without the keys that are undefined. */
function defined<T>(value: T): Defined<T> {
  return JSON.parse(JSON.stringify(value));
}

const cniConf = {
  name: "cbr0",
  cniVersion: "0.3.1",
  plugins: [
    {
      type: "flannel",
      delegate: { hairpinMode: true, isDefaultGateway: true },
    },
    { type: "portmap", capabilities: { portMappings: true } },
  ],
};

/** The configuration of flanneld: Documentation/configuration.md of v0.28.4. */
function netConf(
  { flannel }: FlannelPlan,
  psk: string | undefined,
): Record<string, unknown> {
  const [ipv4, ipv6] = ([4, 6] as const).map(
    (family) =>
      flannel.network.find((network) => network.family === family)?.text,
  );
  return {
    ...(ipv4 === undefined ? { EnableIPv4: false } : { Network: ipv4 }),
    ...(ipv6 !== undefined && { EnableIPv6: true, IPv6Network: ipv6 }),
    EnableNFTables: false,
    Backend: backendConf(flannel.backend, psk),
  };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function digest(data: Record<string, string>): string {
  return createHash("sha256")
    .update(JSON.stringify(data))
    .digest("hex")
    .slice(0, 16);
}
