import assert from "node:assert/strict";
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { directory, file } from "../mockedStack.ts";
import {
  type Answers,
  lines,
  owned,
  owner,
  quoted,
  rows,
  run,
  stays,
} from "./fakeKubectl.ts";
import {
  bothNetworks,
  dualStack,
  overlay,
  withFlannel,
} from "./flannelSupport.ts";

const looks = [
  "get --raw /version",
  "get nodes",
  "get -f - --ignore-not-found",
  "get daemonsets -A -l app=flannel",
  "get namespace kube-flannel --ignore-not-found -o name",
];

const applies =
  "apply --server-side --force-conflicts --field-manager=pod-network-routes";

test("apply looks at the cluster, tries the manifest, applies it, waits and looks again, in this order", async () => {
  const { status, stderr, calls, applied } = await run("apply");
  assert.equal(stderr, "");
  assert.equal(status, 0);
  assert.deepEqual(calls, [
    ...looks,
    `${applies} --dry-run=server -f -`,
    `${applies} -f -`,
    "-n kube-flannel rollout status daemonset/kube-flannel-ds --timeout=600s",
    "get nodes",
    "get -f - --ignore-not-found",
    `get ${owned}`,
  ]);
  assert.equal(applied[0], applied[1]);
  assert.match(
    applied[1] ?? "",
    /^apiVersion: v1\nkind: Namespace\n[^$]*kind: DaemonSet\n/,
  );
});

test("a second apply only applies the manifest", async () => {
  const { status, changes } = await run("apply", {
    "get -f": quoted(...rows()),
  });
  assert.equal(status, 0);
  assert.equal(changes.length, 2);
});

test("if the namespace does not exist yet, the dry run uses the namespace default", async () => {
  for (const namespace of ["kube-flannel", "123"]) {
    const { status, applied } = await run(
      "apply",
      {
        "get namespace": "",
        "get -f": ["", quoted(...rows(namespace))],
        "-l pod-network-routes": quoted(...rows(namespace)),
      },
      { args: withFlannel({ namespace }) },
    );
    assert.equal(status, 0);
    const [rehearsal = "", real = ""] = applied;
    const named = (text: string) =>
      text
        .match(/^ *namespace: .*$/gm)
        ?.map((line) => line.trim().replaceAll('"', ""));
    assert.deepEqual(named(real), Array(4).fill(`namespace: ${namespace}`));
    assert.deepEqual(named(rehearsal), Array(4).fill("namespace: default"));
    assert.equal(
      rehearsal.replace(/namespace: .*/g, ""),
      real.replace(/namespace: .*/g, ""),
    );
  }
});

test("a host without the named kubectl is an error that says what to do", async () => {
  const { status, stderr, calls } = await run(
    "apply",
    {},
    { args: withFlannel({ kubectl: "kubectl-nowhere" }) },
  );
  assert.equal(status, 1);
  assert.equal(
    stderr,
    "this host has no kubectl-nowhere: install it, or set flannel.kubectl to its path, or flannel.controller to a node that has it\n",
  );
  assert.deepEqual(calls, []);
});

const refusal =
  "The connection to the server 10.240.0.10:6443 was refused - did you specify the right host or port?";
const down: Answers = {
  "get --raw /version": {
    stderr: `E1121 memcache.go\nE1121 memcache.go\nE1121 memcache.go\n${refusal}\n`,
    status: 1,
  },
};

for (const verb of ["apply", "remove"] as const) {
  test(`${verb} says that the API server is down, and that there is no kubeconfig`, async () => {
    const { status, stderr, calls } = await run(verb, down);
    assert.equal(status, 1);
    assert.equal(
      stderr,
      lines(
        "kubectl cannot use the API server; nothing was changed:",
        "kubectl says: E1121 memcache.go",
        "kubectl says: E1121 memcache.go",
        `kubectl says: ${refusal}`,
        "for a look at it: kubectl get --raw /readyz",
        "there is no kubeconfig of root, set flannel.kubeconfig, for example to /etc/kubernetes/admin.conf",
      ),
    );
    assert.deepEqual(calls, ["get --raw /version"]);
  });
}

test("an existing kubeconfig is not reported as missing, whether it is given or kubectl's default", async () => {
  const kubeconfig = file("admin.conf", "");
  const given = await run("apply", down, { args: withFlannel({ kubeconfig }) });
  assert.match(
    given.stderr,
    new RegExp(
      `refused.*\nfor a look at it: kubectl --kubeconfig ${kubeconfig} get --raw /readyz\n$`,
    ),
  );
  const home = join(directory, "home");
  mkdirSync(join(home, ".kube"), { recursive: true });
  file("home/.kube/config", "");
  const own = await run("apply", down, { home });
  assert.match(
    own.stderr,
    /refused.*\nfor a look at it: kubectl get --raw \/readyz\n$/,
  );
  const env = await run("apply", down, { env: { KUBECONFIG: kubeconfig } });
  assert.match(
    env.stderr,
    new RegExp(`--kubeconfig ${kubeconfig} get --raw /readyz\n$`),
  );
});

test("a kubeconfig that cannot be read is an error, and kubectl is not called", async () => {
  const kubeconfig = join(directory, "none.conf");
  const { status, stderr, calls } = await run(
    "apply",
    {},
    { args: withFlannel({ kubeconfig }) },
  );
  assert.equal(status, 1);
  assert.equal(
    stderr,
    `flannel.kubeconfig: root cannot read ${kubeconfig} on this host\n`,
  );
  assert.deepEqual(calls, []);
});

/** Asserts that apply refuses a cluster with these lines, and changes nothing in it. */
async function refused(answers: Answers, said: string[], args?: object) {
  const { status, stderr, changes } = await run(
    "apply",
    answers,
    args === undefined ? {} : { args },
  );
  assert.equal(status, 1);
  assert.equal(stderr, lines("nothing was changed:", ...said));
  assert.deepEqual(changes, []);
}

test("all nodes that flannel cannot run on are named at once", async () => {
  await refused({ ".spec.podCIDRs": quoted("have|server", "have|node-0") }, [
    "server has no pod CIDR in Kubernetes, without which flannel does not start there: give kube-controller-manager --allocate-node-cidrs=true and --cluster-cidr",
    "node-0 has no pod CIDR in Kubernetes, without which flannel does not start there: give kube-controller-manager --allocate-node-cidrs=true and --cluster-cidr",
    "node-1 is no node of this cluster; its nodes are shown by: kubectl get nodes",
  ]);
  await refused(
    {
      ".spec.podCIDRs": quoted(
        "have|node-0|10.244.1.0/24",
        "have|node-1|10.244.3.0/24",
      ),
    },
    [
      "node-1 has pod CIDR 10.244.3.0/24 in Kubernetes, the inventory says 10.244.2.0/24",
    ],
  );
});

test("the pod CIDRs of a node may have another order in Kubernetes than in the inventory", async () => {
  const args = withFlannel({ network: bothNetworks }, dualStack);
  const addresses = quoted(
    "have|node-0|10.240.0.20|fd00::2",
    "have|node-1|10.240.0.21|fd00::3",
  );
  const cidrs = (first: string) =>
    quoted(`have|node-0|${first}`, "have|node-1|10.244.2.0/24|fd00:244:2::/64");
  const { status, stderr } = await run(
    "apply",
    {
      ".spec.podCIDRs": cidrs("fd00:244:1::/64|10.244.1.0/24"),
      "/public-ip": addresses,
    },
    { args },
  );
  assert.equal(stderr, "");
  assert.equal(status, 0);
  await refused(
    { ".spec.podCIDRs": cidrs("10.244.1.0/24") },
    [
      "node-0 has pod CIDR 10.244.1.0/24 in Kubernetes, the inventory says 10.244.1.0/24,fd00:244:1::/64",
    ],
    args,
  );
});

const somebody = quoted(
  "ClusterRole||flannel|",
  "DaemonSet|kube-flannel|kube-flannel-ds|a.b.c",
);

test("objects of somebody else are named and not changed", async () => {
  await refused({ "get -f": somebody }, [
    "ClusterRole flannel is there already and was made by somebody else; set adoptExisting to take it over, or remove it",
    "DaemonSet kube-flannel/kube-flannel-ds is there already and was made by a.b.c; set adoptExisting to take it over, or remove it",
  ]);
});

test("with adoptExisting they are taken over", async () => {
  const answers = {
    "get -f": [somebody, quoted(...rows())],
    "get daemonsets -A": quoted("DaemonSet|kube-flannel|kube-flannel-ds|"),
  };
  const { status, changes } = await run("apply", answers, {
    args: { ...overlay, adoptExisting: true },
  });
  assert.equal(status, 0);
  assert.equal(changes.length, 2);
});

for (const adoptExisting of [false, true]) {
  test(`with adoptExisting: ${adoptExisting}, another flannel of any name and namespace is refused`, async () => {
    await refused(
      {
        "get daemonsets -A": quoted(
          "DaemonSet|kube-system|kube-flannel-ds|",
          "DaemonSet|kube-flannel|canal|",
        ),
      },
      [
        "the cluster has another flannel; remove it first: kubectl -n kube-system delete daemonset kube-flannel-ds",
        "the cluster has another flannel; remove it first: kubectl -n kube-flannel delete daemonset canal",
      ],
      { ...overlay, adoptExisting },
    );
  });
}

test("a manifest that the API server refuses in the dry run is not applied", async () => {
  const { status, stderr, changes } = await run("apply", {
    "--dry-run=server": {
      stdout: lines(
        "namespace/kube-flannel serverside-applied (server dry run)",
      ),
      stderr:
        'Error from server (Forbidden): daemonsets.apps "kube-flannel-ds" is forbidden: no\n',
      status: 1,
    },
  });
  assert.equal(status, 1);
  assert.equal(
    stderr,
    lines(
      "the API server refuses the manifest; nothing was changed:",
      'kubectl says: Error from server (Forbidden): daemonsets.apps "kube-flannel-ds" is forbidden: no',
    ),
  );
  assert.deepEqual(changes, [`${applies} --dry-run=server -f -`]);
});

test("an apply that fails says that the manifest was applied in part", async () => {
  const { status, stderr, calls } = await run("apply", {
    "--dry-run=server": "",
    "apply --server-side": {
      stderr: "Error from server: etcdserver: request timed out\n",
      status: 1,
    },
  });
  assert.equal(status, 1);
  assert.equal(
    stderr,
    lines(
      "kubectl says: Error from server: etcdserver: request timed out",
      "the manifest was applied in part",
      ...stays,
    ),
  );
  assert.ok(!calls.some((call) => call.includes("rollout")));
});

const before = "nothing was changed";
const after = "stay; once it is fixed: pulumi up";
const stale = `ConfigMap|old|kube-flannel-cfg|${owner}`;
/** Calls of kubectl that fail in an apply, and whether something has been changed by then. */
for (const [call, answers, says] of [
  ["the nodes are looked at", { ".spec.podCIDRs": bad() }, before],
  ["its objects are looked for", { "get -f": bad() }, before],
  ["other flannels are looked for", { "get daemonsets -A": bad() }, before],
  ["the namespace is looked for", { "get namespace": bad() }, before],
  ["the addresses are looked at", { "/public-ip": bad() }, after],
  ["its objects are looked at again", { "get -f": ["", bad()] }, after],
  ["what it owns is looked for", { "-l pod-network-routes": bad() }, after],
  [
    "a stale object is deleted",
    {
      "-l pod-network-routes": quoted(...rows(), stale),
      "delete ConfigMap": bad(),
    },
    after,
  ],
] as const) {
  test(`if kubectl fails when ${call}, apply fails and says what stays`, async () => {
    const { status, stderr, changes } = await run("apply", answers as Answers);
    assert.equal(status, 1);
    assert.match(stderr, /Error from server: etcdserver: leader changed/);
    assert.ok(stderr.includes(says), stderr);
    if (says === before) {
      assert.deepEqual(changes, []);
    }
    const deleted = changes.filter((one) => one.startsWith("delete"));
    assert.deepEqual(
      deleted,
      call === "a stale object is deleted"
        ? [
            "delete ConfigMap kube-flannel-cfg -n old --ignore-not-found --timeout=60s",
          ]
        : [],
    );
  });
}

function bad() {
  return {
    stdout: "ha",
    stderr: "Error from server: etcdserver: leader changed\n",
    status: 1,
  };
}

test("apply makes no file and needs no temporary directory", async () => {
  const place = join(directory, "sealed");
  mkdirSync(place);
  chmodSync(place, 0o500);
  const { status, stderr } = await run(
    "apply",
    {},
    { env: { TMPDIR: join(place, "none") } },
  );
  assert.equal(stderr, "");
  assert.equal(status, 0);
});
