import assert from "node:assert/strict";
import { test } from "node:test";
import { type Answers, lines, quoted, run, stays } from "./fakeKubectl.ts";
import { withFlannel } from "./flannelSupport.ts";

/** A rollout that did not end. */
const stuck: Answers = {
  "rollout status": {
    stdout:
      'Waiting for daemon set "kube-flannel-ds" rollout to finish: 1 of 3 updated pods are available...\n',
    stderr: "error: timed out waiting for the condition\n",
    status: 1,
  },
  numberAvailable: "3 1",
  "get pods": quoted(
    "kube-flannel-ds-aaaaa|server|Running|true",
    "kube-flannel-ds-bbbbb|node-0|Running|false|CrashLoopBackOff",
    "kube-flannel-ds-ccccc|node-1|Pending|false|ImagePullBackOff|PodInitializing",
  ),
  " logs ": lines(
    "I1121 main.go:211",
    "E1121 main.go:377 Failed to find interface to use that matches the interfaces and/or regexes provided",
  ),
};

test("a rollout that does not end is an error that says how many nodes have flannel, which do not and why, and what to do", async () => {
  const { status, stderr, calls } = await run("apply", stuck, {
    args: withFlannel({ rolloutTimeout: 60 }),
  });
  assert.equal(status, 1);
  assert.equal(
    stderr,
    lines(
      "flannel does not run on every node after 60 s:",
      "kubectl says: error: timed out waiting for the condition",
      "1 of 3 nodes have it",
      "node-0: Running CrashLoopBackOff",
      "node-1: Pending ImagePullBackOff PodInitializing",
      "flannel says: I1121 main.go:211",
      "flannel says: E1121 main.go:377 Failed to find interface to use that matches the interfaces and/or regexes provided",
      "for a look at them: kubectl -n kube-flannel get pods -l app=flannel -o wide",
      ...stays,
    ),
  );
  assert.ok(
    calls.includes(
      "-n kube-flannel logs kube-flannel-ds-bbbbb -c kube-flannel --tail=5",
    ),
  );
  assert.ok(
    calls.includes(
      "-n kube-flannel rollout status daemonset/kube-flannel-ds --timeout=60s",
    ),
  );
  assert.ok(!calls.some((call) => call.startsWith("delete")));
});

test("a missing number of ready nodes counts as 0", async () => {
  const { stderr } = await run("apply", { ...stuck, numberAvailable: "3 " });
  assert.match(stderr, /^0 of 3 nodes have it$/m);
});

test("of many pods that are not ready, five are shown", async () => {
  const pods = Array.from(
    { length: 8 },
    (_, i) => `pod-${i}|node-${i}|Pending|`,
  );
  const { stderr } = await run("apply", {
    ...stuck,
    "get pods": quoted(...pods),
  });
  const shown = stderr
    .split("\n")
    .filter((line) => /^node-\d: |more$/.test(line));
  assert.equal(shown.length, 6);
  assert.equal(shown.at(-1), "3 more");
});

test("a failed rollout is an error that says what stays, also if its reason cannot be found", async () => {
  const gone = { stderr: "the server is gone\n", status: 1 };
  const { status, stderr } = await run("apply", {
    ...stuck,
    numberAvailable: gone,
    "get pods": gone,
    " logs ": gone,
  });
  assert.equal(status, 1);
  assert.match(stderr, /^flannel does not run on every node after 600 s:\n/);
  assert.ok(stderr.endsWith(lines(...stays)), stderr);
});

const wrong = quoted("have|node-0|10.0.2.15|", "have|node-1|10.240.0.21|");

test("nodes that announce a wrong address are named, with the key that fixes it", async () => {
  const { status, stderr, calls } = await run("apply", { "/public-ip": wrong });
  assert.equal(status, 1);
  assert.equal(
    stderr,
    lines(
      "flannel runs on the wrong interface, so that packets do not arrive:",
      "node-0 tells the others to send to 10.0.2.15, its internal IP is 10.240.0.20",
      "choose the one that has the internal IP with flannel.interfaces, for example {names: [enp0s8]} or {cidrs: [SUBNET OF THE INTERNAL IPS]}",
      ...stays,
    ),
  );
  assert.ok(!calls.some((call) => call.startsWith("delete")));
});

test("a node without flannel is not reported as one with the wrong interface", async () => {
  const { status, stderr } = await run("apply", {
    "/public-ip": quoted("have|node-0|10.240.0.20|", "have|node-1||"),
  });
  assert.equal(status, 1);
  assert.match(stderr, /^node-1 has not told the others its address/m);
  assert.doesNotMatch(stderr, /wrong interface/);
  assert.ok(stderr.endsWith(lines(...stays)));
});

test("apply waits for the address of a node, also while kubectl fails", async () => {
  const right = quoted("have|node-0|10.240.0.20|", "have|node-1|10.240.0.21|");
  const { status, stderr, calls } = await run(
    "apply",
    {
      "/public-ip": [
        "",
        wrong,
        { stdout: right, stderr: "leader changed\n", status: 1 },
        right,
      ],
    },
    { patience: 30 },
  );
  assert.equal(status, 0, stderr);
  assert.equal(calls.filter((call) => call === "get nodes").length, 5);
});

test("of many nodes with a wrong address, ten are shown", async () => {
  const nodes = Array.from({ length: 14 }, (_, i) => ({
    name: `node-${i}`,
    internalIp: `10.240.0.${i + 20}`,
    podCidrs: [`10.244.${i}.0/24`],
  }));
  const { stderr } = await run(
    "apply",
    {
      ".spec.podCIDRs": quoted(
        ...nodes.map(({ name, podCidrs }) => `have|${name}|${podCidrs}`),
      ),
      "/public-ip": quoted(
        ...nodes.map(({ name }) => `have|${name}|10.0.2.15|`),
      ),
    },
    { args: { ...withFlannel({ controller: "node-0" }), nodes } },
  );
  assert.equal(stderr.match(/ tells the others /g)?.length, 10);
});
