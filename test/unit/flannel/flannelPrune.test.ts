import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Answers,
  lines,
  owned,
  quoted,
  rows,
  run,
} from "./fakeKubectl.ts";
import { withFlannel } from "./flannelSupport.ts";

const inOrder = [
  "delete DaemonSet kube-flannel-ds -n kube-flannel --ignore-not-found --timeout=60s",
  "delete ConfigMap kube-flannel-cfg -n kube-flannel --ignore-not-found --timeout=60s",
  "delete ServiceAccount flannel -n kube-flannel --ignore-not-found --timeout=60s",
  "delete ClusterRoleBinding flannel --ignore-not-found --timeout=60s",
  "delete ClusterRole flannel --ignore-not-found --timeout=60s",
];
const namespaceGone =
  "delete namespace kube-flannel --ignore-not-found --timeout=120s";

test("objects that are no longer in the manifest are deleted after the rollout, here those of the old namespace", async () => {
  const answers = {
    "get -f": ["", quoted(...rows("overlay"))],
    "-l pod-network-routes": quoted(
      ...rows("overlay"),
      ...rows("kube-flannel"),
    ),
  };
  const { status, stderr, calls, changes } = await run("apply", answers, {
    args: withFlannel({ namespace: "overlay" }),
  });
  assert.equal(stderr, "");
  assert.equal(status, 0);
  // the ClusterRole and its binding have no namespace: they are the same objects
  assert.deepEqual(changes.slice(2), [...inOrder.slice(0, 3), namespaceGone]);
  const rollout = calls.findIndex((call) => call.includes("rollout status"));
  assert.ok(calls.findIndex((call) => call.startsWith("delete")) > rollout);
});

test("remove deletes all objects of the owner, the namespace last", async () => {
  const { status, stderr, calls } = await run("remove");
  assert.equal(stderr, "");
  assert.equal(status, 0);
  assert.deepEqual(calls, [
    "get --raw /version",
    `get ${owned}`,
    ...inOrder,
    "api-resources --namespaced --verbs=list -o name",
    "get configmaps,pods -n kube-flannel --ignore-not-found -o name",
    namespaceGone,
  ]);
});

test("remove does nothing if the owner has no objects", async () => {
  const { status, calls } = await run("remove", {
    "-l pod-network-routes": "",
  });
  assert.equal(status, 0);
  assert.equal(calls.length, 2);
});

test("objects that Kubernetes makes in every namespace or for the DaemonSet do not keep the namespace", async () => {
  const { status, changes } = await run("remove", {
    "api-resources": "configmaps\n",
    "-o name": lines(
      "configmap/kube-root-ca.crt",
      "serviceaccount/default",
      "pod/kube-flannel-ds-x7k2p",
      "controllerrevision.apps/kube-flannel-ds-5d4f8c7b9",
    ),
  });
  assert.equal(status, 0);
  assert.equal(changes.at(-1), namespaceGone);
});

for (const other of [
  "pod/web-0",
  "configmap/kube-root-ca.crt.old",
  "serviceaccount/default2",
  "deployment.apps/kube-flannel-ds",
  "secret/kube-flannel-ds-A",
  "secret/kube-flannel-ds-a",
]) {
  test(`a namespace that contains ${other} is kept, and remove says so`, async () => {
    const { status, stdout, changes } = await run("remove", {
      "api-resources": "configmaps\n",
      "-o name": lines("serviceaccount/default", other),
    });
    assert.equal(status, 0);
    assert.deepEqual(changes, inOrder);
    assert.ok(
      stdout.includes(
        `left alone: namespace kube-flannel, in which is what is not ours:\nkubectl says: ${other}\n`,
      ),
      stdout,
    );
  });
}

test("kinds whose names only resemble metrics and events are looked at", async () => {
  const { calls } = await run("remove", {
    "api-resources": lines(
      "events",
      "events.events.k8s.io",
      "eventsources.argoproj.io",
      "metricsets.example.org",
      "pods.metrics.k8s.io",
    ),
  });
  assert.ok(
    calls.includes(
      "get eventsources.argoproj.io,metricsets.example.org -n kube-flannel --ignore-not-found -o name",
    ),
    calls.join("\n"),
  );
});

const failure = { stdout: "", stderr: "Error from server: no\n", status: 1 };

for (const [what, answers, deleted] of [
  ["the objects cannot be listed", { "-l pod-network-routes": failure }, 0],
  ["an object cannot be deleted", { "delete ConfigMap": failure }, 2],
  [
    "kinds cannot be listed",
    { "api-resources": { ...failure, stdout: "configmaps\n" } },
    5,
  ],
  [
    "the objects in the namespace cannot be listed",
    { "api-resources": "configmaps\n", "-o name": failure },
    5,
  ],
  ["the namespace cannot be deleted", { "delete namespace": failure }, 6],
] as const) {
  test(`if ${what}, remove fails and says what to do`, async () => {
    const { status, stderr, changes } = await run("remove", answers as Answers);
    assert.equal(status, 1);
    assert.match(stderr, /^kubectl says: Error from server: no$/m);
    assert.match(stderr, /stay; once it is fixed: pulumi /);
    assert.equal(changes.length, deleted);
  });
}
