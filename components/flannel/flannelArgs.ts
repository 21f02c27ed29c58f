import { z } from "zod";
import { integer, strict } from "../core/schema.ts";
import {
  type NodeNetworkArgs,
  nodeNetworkKeys,
} from "../inventory/clusterArgs.ts";
import { type SshArgs, sshSchema } from "../ssh/sshArgs.ts";
import { type BackendArgs, backendSchema } from "./flannelBackend.ts";
import { imageSchema } from "./flannelImage.ts";
import { type InterfacesArgs, interfacesSchema } from "./flannelInterfaces.ts";
import { networksSchema } from "./flannelNetworks.ts";

/** What {@link FlannelOverlay} takes. Give the inventory by exactly one of `nodes`, `machinesFile` and `inventory`. */
export interface FlannelOverlayArgs extends NodeNetworkArgs {
  /** How SSH reaches the controller on which kubectl is run. Default: as root with a key of the SSH agent, host keys from `~/.ssh/known_hosts`. */
  ssh?: SshArgs;
  /** Whether objects of these names that somebody else made are taken over; a destroy then removes them too. Default: `false`, it is an error. */
  adoptExisting?: boolean;
  /** The overlay itself. Default: as flannel's own manifest has it. */
  flannel?: FlannelArgs;
}

/** The overlay. Every default is that of `Documentation/kube-flannel.yml` of flannel v0.28.4, where no other source is named. */
export interface FlannelArgs {
  /** The CIDR that the pod CIDRs of all nodes are in, `--cluster-cidr` of kube-controller-manager: one, or one IPv4 and one IPv6. One that overlaps a node subnet or a service CIDR is refused. Default: `10.244.0.0/16`. */
  network?: string | string[];
  /** How packets travel from host to host. Default: `{type: vxlan}`. */
  backend?: BackendArgs;
  /** Which interface of a host leads to the other hosts. Default: the one of the default route. */
  interfaces?: InterfacesArgs;
  /** The image of flanneld, with a tag, a digest, or both. Default: `ghcr.io/flannel-io/flannel:v0.28.4`. */
  image?: string;
  /** The image that has the CNI plugin of flannel. Default: `ghcr.io/flannel-io/flannel-cni-plugin:v1.9.1-flannel1`. */
  cniPluginImage?: string;
  /** The namespace of the overlay. It is created and removed with it, but for `kube-system` and others that every cluster has. Default: `kube-flannel`. */
  namespace?: string;
  /** CPU and memory of flanneld on each node, as Kubernetes writes them. Default: `{requests: {cpu: 100m, memory: 50Mi}}`, no limits. */
  resources?: ResourcesArgs;
  /** The taints of nodes that flannel runs in spite of, as Kubernetes writes them. Default: `[{operator: Exists, effect: NoSchedule}]`. */
  tolerations?: TolerationArgs[];
  /** The priority class of the pods. Default: `system-node-critical`. */
  priorityClassName?: string;
  /** How many nodes, or how much of them, get a changed flannel at a time. Default: `10%`, rounded up; flannel's manifest leaves it at Kubernetes' 1. */
  maxUnavailable?: string | number;
  /** The name of the node on which kubectl is run. Default: the first controller. */
  controller?: string;
  /** The kubectl of that node, a name or a path that begins with `/`. Default: `kubectl`. */
  kubectl?: string;
  /** The kubeconfig on that node, a path that begins with `/`: `/etc/kubernetes/admin.conf` where kubeadm made the cluster. Default: kubectl's own, of the user who runs it; where that user has none, `/etc/kubernetes/admin.conf`. */
  kubeconfig?: string;
  /** Seconds until every node has to run flannel with an address that other nodes know. Default: `600`. */
  rolloutTimeout?: number;
}

/** CPU and memory of a container. */
interface ResourcesArgs {
  /** What is kept for it: `cpu` and `memory`. Default: none. */
  requests?: Quantities;
  /** What it may not exceed: `cpu` and `memory`. Default: none. */
  limits?: Quantities;
}

interface Quantities {
  /** CPU, for example `100m`. Default: none. */
  cpu?: string;
  /** Memory, for example `50Mi`. Default: none. */
  memory?: string;
}

/** A toleration of Kubernetes. */
interface TolerationArgs {
  /** The key of the taint. Default: every key. */
  key?: string;
  /** Whether the taint is to have the value, or only the key. Default: `Equal`. */
  operator?: "Exists" | "Equal";
  /** The value of the taint, with `Equal`. Default: empty. */
  value?: string;
  /** The effect of the taint. Default: every effect. */
  effect?: "NoSchedule" | "PreferNoSchedule" | "NoExecute";
  /** Seconds for which `NoExecute` is tolerated. Default: for ever. */
  tolerationSeconds?: number;
}

/** A name as Kubernetes wants it of a namespace: a label of RFC 1123. */
const label = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    "expected at most 63 lower-case letters, digits and -",
  );
/** A name as Kubernetes wants it of most objects: a subdomain of RFC 1123. */
const subdomain = z
  .string()
  .max(253, "expected at most 253 characters")
  .regex(
    /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/,
    "expected lower-case letters, digits, - and .",
  );
/** What apimachinery's `resource.ParseQuantity` takes, without a sign. */
const quantity = z
  .string()
  .max(64, "expected at most 64 characters")
  .regex(
    /^([0-9]+(\.[0-9]*)?|\.[0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)?$/,
    "expected a quantity of Kubernetes, for example 100m or 50Mi",
  );
const quantities = strict({
  cpu: quantity.optional(),
  memory: quantity.optional(),
});
const labelValue = z
  .string()
  .regex(
    /^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/,
    "expected at most 63 letters, digits, . _ and -",
  );
/** The keys of {@link TolerationArgs}. */
const tolerationSchema = strict({
  key: z
    .string()
    .regex(
      /^([a-z0-9.-]{1,253}\/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/,
      "expected the key of a taint, for example node-role.kubernetes.io/control-plane",
    )
    .optional(),
  operator: z.enum(["Exists", "Equal"]).optional(),
  value: labelValue.optional(),
  effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]).optional(),
  tolerationSeconds: integer(0, 2 ** 31 - 1).optional(),
})
  .refine(
    ({ operator, value }) => operator !== "Exists" || !value,
    "operator Exists takes no value",
  )
  .refine(
    ({ operator, key }) => key !== undefined || operator === "Exists",
    "without a key, operator has to be Exists",
  )
  .refine(
    ({ effect, tolerationSeconds }) =>
      tolerationSeconds === undefined || effect === "NoExecute",
    "tolerationSeconds needs effect NoExecute",
  );

/** The keys of {@link FlannelArgs}; defaults stand here and nowhere else. */
export const flannelSchema = strict({
  network: networksSchema.prefault("10.244.0.0/16"),
  backend: backendSchema.prefault({}),
  interfaces: interfacesSchema.prefault({}),
  image: imageSchema.default("ghcr.io/flannel-io/flannel:v0.28.4"),
  cniPluginImage: imageSchema.default(
    "ghcr.io/flannel-io/flannel-cni-plugin:v1.9.1-flannel1",
  ),
  namespace: label.default("kube-flannel"),
  resources: strict({
    requests: quantities.optional(),
    limits: quantities.optional(),
  }).default({ requests: { cpu: "100m", memory: "50Mi" } }),
  tolerations: z
    .array(tolerationSchema)
    .max(100, "expected at most 100")
    .default([{ operator: "Exists", effect: "NoSchedule" }]),
  priorityClassName: subdomain.default("system-node-critical"),
  maxUnavailable: z
    .union(
      [
        integer(1, 65535),
        z.string().regex(/^([1-9]|[1-9][0-9]|100)%$/, "expected 1% to 100%"),
      ],
      { error: "expected a number of nodes, or 1% to 100%" },
    )
    .default("10%"),
  controller: z.string().optional(),
  kubectl: z
    .string()
    .max(1024, "expected at most 1024 characters")
    .regex(
      /^([A-Za-z0-9_.][A-Za-z0-9_.-]*|\/[A-Za-z0-9_./-]+)$/,
      "expected a name, or a path that begins with /, of letters, digits and _ . / -",
    )
    .default("kubectl"),
  kubeconfig: z
    .string()
    .max(1024, "expected at most 1024 characters")
    .regex(
      /^\/[A-Za-z0-9_./@+-]+$/,
      "expected a path that begins with / and has letters, digits and _ . / @ + - only",
    )
    .optional(),
  rolloutTimeout: integer(10, 86400).default(600),
});

/** The keys of {@link FlannelOverlayArgs}. */
export const flannelOverlayArgsSchema = strict({
  ...nodeNetworkKeys,
  ssh: sshSchema.prefault({}),
  adoptExisting: z.boolean().default(false),
  flannel: flannelSchema.prefault({}),
});
