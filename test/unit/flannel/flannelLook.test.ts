import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { everyShell, type Shell } from "../shells.ts";
import {
  type Answers,
  contents,
  owner,
  prepare,
  quoted,
  rows,
  run,
} from "./fakeKubectl.ts";
import { withFlannel } from "./flannelSupport.ts";

let shells: readonly Shell[] = [];
before(async () => {
  shells = await everyShell();
});

/** A cluster with the overlay, in which everything is as apply leaves it. */
const well: Answers = {
  "get -f": quoted(...rows()),
  "get daemonsets -A": quoted(rows()[0] ?? ""),
  "get pods": quoted(
    "kube-flannel-ds-aaaaa|node-0|Running|true",
    "kube-flannel-ds-bbbbb|node-1|Running|true",
  ),
};

/** What the script prints on every shell about such a cluster with these answers, without its first and last line. */
async function seen(answers: Answers, args?: object): Promise<string[]> {
  const all = new Set<string>();
  for (const { tools, name } of shells) {
    const { status, stdout, stderr, changes } = await run(
      "look",
      { ...well, ...answers },
      { tools, ...(args && { args }) },
    );
    assert.equal(status, 0, `${name}: ${stderr}`);
    assert.ok(changes.every((call) => call.includes(" --dry-run=server ")));
    all.add(stdout.replace(/^using \/\S+\/bin\/kubectl\n/, ""));
  }
  const [stdout = "", ...others] = all;
  assert.deepEqual(others, [], "every shell prints the same");
  const lines = stdout.trimEnd().split("\n");
  assert.equal(lines.pop(), "looked");
  return lines;
}

test("look prints nothing about a cluster in which everything is well, and changes nothing", async () => {
  assert.deepEqual(await seen({}), []);
});

test("each object that is missing, or that apply would change, is named", async () => {
  const [, ...others] = rows();
  const without = contents().split("\n").slice(1).join("\n");
  assert.deepEqual(
    await seen({
      "get -f": quoted(...others),
      "-l pod-network-routes": quoted(...others),
      "get --ignore-not-found -f": without,
    }),
    ["missing DaemonSet kube-flannel kube-flannel-ds"],
  );
  assert.deepEqual(
    await seen({
      "get --ignore-not-found -f": contents({
        ConfigMap: 'map["a"]\n',
        ClusterRole: "map[]",
      }),
    }),
    [
      "differs ConfigMap kube-flannel kube-flannel-cfg",
      "differs ClusterRole - flannel",
    ],
  );
});

test("if the namespace is missing, so is every object in it, and objects that refer to it do not differ", async () => {
  const inDefault = contents({
    ClusterRoleBinding: "[map[name:flannel namespace:default]]",
  }).replace(/^("\w+" )"kube-flannel"/gm, '$1"default"');
  const cluster = (all: string) =>
    all
      .split("\n")
      .filter((line) => line.startsWith('"ClusterRole'))
      .map((line) => `${line}\n`)
      .join("");
  assert.deepEqual(
    await seen({
      "get namespace": "",
      "get -f": quoted(...rows().slice(3, 5)),
      "-l pod-network-routes": quoted(...rows().slice(3, 5)),
      "get --ignore-not-found -f": cluster(
        contents({
          ClusterRoleBinding: "[map[name:flannel namespace:kube-flannel]]",
        }),
      ),
      "--dry-run=server -f - -o": inDefault,
    }),
    [
      "missing DaemonSet kube-flannel kube-flannel-ds",
      "missing ConfigMap kube-flannel kube-flannel-cfg",
      "missing ServiceAccount kube-flannel flannel",
      "missing Namespace - kube-flannel",
    ],
  );
});

test("an object of the owner that is not in the manifest is named", async () => {
  const old = [
    `ConfigMap|overlay|kube-flannel-cfg|${owner}`,
    `Namespace||overlay|${owner}`,
  ];
  assert.deepEqual(
    await seen({ "-l pod-network-routes": quoted(...rows(), ...old) }),
    ["stale ConfigMap overlay kube-flannel-cfg", "stale Namespace - overlay"],
  );
});

test("a node where flannel is not ready, and one without flannel, are named", async () => {
  assert.deepEqual(
    await seen({
      "rollout status": { stderr: "error: timed out\n", status: 1 },
      numberAvailable: "2 0",
      "get pods": quoted(
        "kube-flannel-ds-aaaaa|node-0|Running|false|CrashLoopBackOff",
      ),
    }),
    [
      "rollout 0 of 2 nodes have it",
      "unready node-0 kube-flannel-ds-aaaaa Running CrashLoopBackOff",
      "absent node-1",
    ],
  );
});

test("a node that announces another address than its internal IP is named", async () => {
  assert.deepEqual(
    await seen({
      "/public-ip": quoted("have|node-0|10.0.2.15|", "have|node-1||"),
    }),
    [
      "address node-0 tells the others to send to 10.0.2.15, its internal IP is 10.240.0.20",
      "address node-1 has not told the others its address",
    ],
  );
});

test("look says why apply would refuse the cluster", async () => {
  const [, ...others] = rows();
  const theirs = "DaemonSet|kube-flannel|kube-flannel-ds|them";
  const said = await seen({
    ".spec.podCIDRs": quoted("have|node-0|10.244.1.0/24"),
    "get -f": quoted(theirs, ...others),
    "-l pod-network-routes": quoted(...others),
  });
  assert.deepEqual(
    said.map((line) => line.split(/;| was /)[0]),
    [
      "unfit node-1 is no node of this cluster",
      "unfit DaemonSet kube-flannel/kube-flannel-ds is there already and",
    ],
  );
});

test("look prints the kubeconfig if it is not kubectl's default", async () => {
  const { stdout } = await run("look", well, {
    args: withFlannel({ kubeconfig: "/etc/hosts" }),
  });
  assert.match(stdout, /^using \/\S+\/kubectl --kubeconfig \/etc\/hosts\n/);
});

test("a look that fails does not print `looked`, and prints nothing of the contents of objects", async () => {
  const key = "psk-psk-psk";
  const broken: Answers[] = [
    { "get --raw /version": { stderr: "refused\n", status: 1 } },
    { "get --ignore-not-found -f": { stdout: key, status: 1 } },
    { "get --ignore-not-found -f": key },
    { "get --ignore-not-found -f": contents({ ConfigMap: key }) + key },
    { "--dry-run=server -f - -o": { stderr: "forbidden\n", status: 1 } },
    { "get pods": { status: 1 } },
    { "/public-ip": { status: 1 } },
    { "-l pod-network-routes": { status: 1 } },
  ];
  for (const answers of broken) {
    const { status, stdout, raw } = await run("look", { ...well, ...answers });
    assert.notEqual(status, 0, JSON.stringify(answers));
    assert.doesNotMatch(stdout, /^looked$/m);
    assert.ok(!`${stdout}${raw}`.includes(key), `${stdout}${raw}`);
  }
});

test("look refuses the inputs that apply refuses, and does not call kubectl then", async () => {
  for (const { tools, name } of shells) {
    const { stdin, create, env, bin } = await prepare(well, { tools });
    for (const bad of [
      stdin.replace(/^namespace .*$/m, "namespace -A"),
      stdin.replace(/^owner .*$/m, "owner a;b"),
      stdin.replace(/^node .*$/m, "node a b c"),
    ]) {
      assert.notEqual(bad, stdin);
      const { status, stdout, stderr } = spawnSync(
        "sh",
        ["-c", create.replace(/ apply'$/, " look'")],
        { input: bad, encoding: "utf8", env },
      );
      assert.deepEqual([status, stdout], [1, ""], name);
      assert.match(stderr, /the input is not what this script takes: line \d/);
    }
    assert.ok(!readdirSync(bin).includes("calls"), join(bin, "calls"));
  }
});
