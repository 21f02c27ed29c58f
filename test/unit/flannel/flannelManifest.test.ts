import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { parseAllDocuments } from "yaml";
import type { FlannelArgs } from "../../../components/flannel/flannelArgs.ts";
import {
  manifest,
  toYaml,
} from "../../../components/flannel/flannelManifest.ts";
import {
  bothNetworks,
  dualStack,
  ipv6Only,
  overlay,
  planOf,
} from "./flannelSupport.ts";

/** Documentation/kube-flannel.yml of flannel v0.28.4, the manifest that ours is to be. */
const upstream = readFileSync(
  join(import.meta.dirname, "kube-flannel.yml"),
  "utf8",
);

interface KubernetesObject {
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels: Record<string, string>;
  };
  data: Record<string, string>;
  // biome-ignore lint/suspicious/noExplicitAny: what YAML has
  spec: any;
}

function documentsOf(text: string, version: "1.1" | "1.2" = "1.2") {
  const documents = parseAllDocuments(text, { version });
  assert.ok(Array.isArray(documents));
  return documents;
}

/** The objects of a text of YAML, by kind. */
function byKind(text: string): Record<string, KubernetesObject> {
  const objects = documentsOf(text).map((document) => {
    assert.deepEqual(document.errors, []);
    return document.toJS() as KubernetesObject | null;
  });
  return Object.fromEntries(
    objects.flatMap((object) =>
      object === null ? [] : [[object.kind, object]],
    ),
  );
}

function yaml(flannel: FlannelArgs = {}, args: object = overlay, psk?: string) {
  return toYaml(manifest(planOf(flannel, args), "me", psk));
}

function objects(...args: Parameters<typeof yaml>) {
  return byKind(yaml(...args));
}

const flanneldOf = ({ DaemonSet }: Record<string, KubernetesObject>) =>
  DaemonSet?.spec.template.spec.containers[0];
const netConfOf = ({ ConfigMap }: Record<string, KubernetesObject>) =>
  JSON.parse(ConfigMap?.data["net-conf.json"] ?? "");

test("the objects are those of flannel's own manifest, except for the differences listed here", () => {
  const ours = objects();
  const theirs = byKind(upstream);
  // labels say which stack owns them, so that it removes these and no others
  for (const { metadata } of Object.values(ours)) {
    assert.equal(
      metadata.labels["app.kubernetes.io/managed-by"],
      "pod-network-routes",
    );
    assert.equal(metadata.labels["pod-network-routes/owner"], "me");
    delete metadata.labels["app.kubernetes.io/managed-by"];
    delete metadata.labels["pod-network-routes/owner"];
  }
  const { spec } = ours.DaemonSet ?? {};
  // a change with which flanneld exits at once stops at the first nodes
  assert.equal(spec.minReadySeconds, 5);
  delete spec.minReadySeconds;
  // more than one node at a time
  assert.deepEqual(spec.updateStrategy, {
    type: "RollingUpdate",
    rollingUpdate: { maxUnavailable: "10%" },
  });
  delete spec.updateStrategy;
  // flanneld reads its configuration only when it starts
  assert.deepEqual(Object.keys(spec.template.metadata.annotations), [
    "pod-network-routes/config",
  ]);
  delete spec.template.metadata.annotations;
  assert.deepEqual(ours, theirs);
  assert.deepEqual(
    documentsOf(yaml()).map((document) => document.get("kind")),
    [
      "Namespace",
      "ServiceAccount",
      "ClusterRole",
      "ClusterRoleBinding",
      "ConfigMap",
      "DaemonSet",
    ],
  );
});

test("the name of an interface becomes an argument of flanneld, and changes nothing else", () => {
  const seed = objects({ interfaces: { names: ["enp0s8"] } });
  assert.deepEqual(flanneldOf(seed).args, [
    "--ip-masq",
    "--kube-subnet-mgr",
    "--iface=enp0s8",
  ]);
  assert.deepEqual(netConfOf(seed), {
    Network: "10.244.0.0/16",
    EnableNFTables: false,
    Backend: { Type: "vxlan" },
  });
});

for (const [what, flannel, args, conf] of [
  [
    "dual stack",
    { network: [...bothNetworks].reverse() },
    dualStack,
    {
      Network: "10.244.0.0/16",
      EnableIPv6: true,
      IPv6Network: "fd00:244::/32",
      EnableNFTables: false,
      Backend: { Type: "vxlan" },
    },
  ],
  [
    "IPv6 alone",
    { network: "fd00:244::/32", backend: { type: "host-gw" } },
    ipv6Only,
    {
      EnableIPv4: false,
      EnableIPv6: true,
      IPv6Network: "fd00:244::/32",
      EnableNFTables: false,
      Backend: { Type: "host-gw" },
    },
  ],
  [
    "wireguard",
    { backend: { type: "wireguard", keepaliveInterval: 25 } },
    overlay,
    {
      Network: "10.244.0.0/16",
      EnableNFTables: false,
      Backend: {
        Type: "wireguard",
        PSK: "the key",
        PersistentKeepaliveInterval: 25,
      },
    },
  ],
] as const) {
  test(`flanneld's configuration for ${what} has the keys that it needs`, () => {
    const psk = what === "wireguard" ? "the key" : undefined;
    assert.deepEqual(
      netConfOf(objects(structuredClone(flannel) as FlannelArgs, args, psk)),
      conf,
    );
  });
}

test("images, resources, tolerations, priority class and maxUnavailable are those of the arguments", () => {
  const { DaemonSet } = objects({
    image: "registry.example/flannel:1",
    cniPluginImage: "registry.example/plugin:2",
    resources: { limits: { memory: "1" } },
    tolerations: [{ key: "dedicated", value: "yes", effect: "NoSchedule" }],
    priorityClassName: "mine",
    maxUnavailable: 3,
  });
  const { updateStrategy, template } = DaemonSet?.spec ?? {};
  const pod = template.spec;
  assert.deepEqual(
    [...pod.initContainers, ...pod.containers].map(({ image }) => image),
    [
      "registry.example/plugin:2",
      "registry.example/flannel:1",
      "registry.example/flannel:1",
    ],
  );
  assert.deepEqual(pod.containers[0].resources, { limits: { memory: "1" } });
  assert.deepEqual(pod.tolerations, [
    { key: "dedicated", value: "yes", effect: "NoSchedule" },
  ]);
  assert.equal(pod.priorityClassName, "mine");
  assert.deepEqual(updateStrategy.rollingUpdate, { maxUnavailable: 3 });
});

test("with another namespace, every object is in it, and the namespace is one of the objects", () => {
  const { Namespace, ...rest } = objects({ namespace: "overlay" });
  assert.equal(Namespace?.metadata.name, "overlay");
  for (const kind of ["ServiceAccount", "ConfigMap", "DaemonSet"]) {
    assert.equal(rest[kind]?.metadata.namespace, "overlay");
  }
  const { ClusterRoleBinding } = rest as Record<string, { subjects?: unknown }>;
  assert.deepEqual(ClusterRoleBinding?.subjects, [
    { kind: "ServiceAccount", name: "flannel", namespace: "overlay" },
  ]);
});

test("in kube-system the namespace is not one of the objects, so that it is never deleted", () => {
  const rendered = objects({ namespace: "kube-system" });
  assert.equal(rendered.Namespace, undefined);
  assert.equal(Object.keys(rendered).length, 5);
  assert.equal(rendered.DaemonSet?.metadata.namespace, "kube-system");
});

test("pods are replaced when flanneld's configuration changes, and only then", () => {
  const digest = (flannel: FlannelArgs, psk?: string) =>
    objects(flannel, overlay, psk).DaemonSet?.spec.template.metadata
      .annotations["pod-network-routes/config"];
  const usual = digest({});
  assert.match(usual, /^[0-9a-f]{16}$/);
  assert.equal(digest({ image: "registry.example/flannel:1" }), usual);
  assert.equal(digest({ interfaces: { names: ["eth1"] } }), usual);
  assert.notEqual(digest({ backend: { port: 4789 } }), usual);
  const wireguard: FlannelArgs = { backend: { type: "wireguard" } };
  assert.notEqual(digest(wireguard, "a key"), digest(wireguard, "another"));
});

test("the YAML is ASCII, has no aliases, and does not fold long lines", () => {
  const cidrs = Array.from({ length: 40 }, (_, i) => `10.${i}.0.0/18`);
  // a colon at the end has to be quoted, and what is quoted may be folded anywhere
  const quoted = `^${"[a-z]".repeat(40)}:`;
  const text = yaml({
    interfaces: {
      regexes: [`^(${"e|".repeat(100)}f)$`, quoted],
      cidrs: [...cidrs, "10.240.0.0/24"],
    },
    tolerations: [{ operator: "Exists" }, { operator: "Exists" }],
  });
  assert.match(text, /^[ -~\n]*$/);
  assert.doesNotMatch(text, /[&*][a-z]+[0-9]*$/m);
  const flags = flanneldOf(byKind(text)).args.slice(2);
  assert.equal(flags.length, 3);
  for (const flag of flags) {
    assert.ok(flag.length > 200);
    assert.ok(
      text
        .split("\n")
        .some((line) => line.trim().replaceAll('"', "") === `- ${flag}`),
    );
  }
});

/** Words that are not strings in YAML 1.1, which kubectl reads, unless they are quoted. */
const words = [
  "on",
  "off",
  "yes",
  "no",
  "y",
  "n",
  "true",
  "null",
  "123",
  "1e3",
  "0x1f",
  "0b11",
  "010",
];

for (const word of words) {
  test(`kubectl reads ${word} as a string`, () => {
    const text = yaml({
      namespace: word,
      tolerations: [{ key: word, value: word }],
      priorityClassName: word,
    });
    const parsed = documentsOf(text, "1.1").map((document) => document.toJS());
    assert.ok(isDeepStrictEqual(parsed, Object.values(byKind(text))));
    assert.equal(parsed[0].metadata.name, word);
    assert.deepEqual(parsed[5].spec.template.spec.tolerations, [
      { key: word, value: word },
    ]);
  });
}

test("the YAML parses back to the same objects, for any text that an option accepts", () => {
  const regex = fc.stringMatching(/^[!-~]{1,40}$/).filter((text) => {
    try {
      planOf({ interfaces: { regexes: [text] } });
      return true;
    } catch {
      return false;
    }
  });
  const owner = fc.stringMatching(/^[a-z0-9]([A-Za-z0-9._-]{0,20}[a-z0-9])?$/);
  fc.assert(
    fc.property(regex, owner, (text, name) => {
      const made = manifest(planOf({ interfaces: { regexes: [text] } }), name);
      for (const version of ["1.1", "1.2"] as const) {
        const read = documentsOf(toYaml(made), version);
        assert.deepEqual(
          read.map((document) => document.toJS()),
          JSON.parse(JSON.stringify(made)),
        );
      }
    }),
  );
});
