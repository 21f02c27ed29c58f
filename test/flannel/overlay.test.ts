import assert from "node:assert/strict";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parseAllDocuments } from "yaml";
import { environment, getEngine } from "../../lab/engine.ts";
import { run, until } from "../../lab/exec.ts";
import { root } from "../../lab/paths.ts";
import type { Stack } from "../../lab/stack.ts";
import { asPrinted } from "../asPrinted.ts";
import { blocksRunBy } from "../readmeBlocks.ts";
import { says, up, upFails, verified } from "../stacks.ts";
import { FlannelScenario } from "./flannelScenario.ts";

/** All nodes at once, because no pods of a test need the network meanwhile. */
const atOnce = { maxUnavailable: "100%" };
const enp0s8 = { ...atOnce, interfaces: { names: ["enp0s8"] } };
const owned = [
  "daemonsets,configmaps,serviceaccounts,clusterroles,clusterrolebindings,namespaces",
  "-A",
  "-l",
  "pod-network-routes/owner",
];

interface List {
  items: { kind: string; metadata: { name: string; namespace?: string } }[];
}

describe("the overlay, on a real API server and with a real flanneld", () => {
  const scenario = new FlannelScenario({ workers: 3 });
  const cluster = () => scenario.cluster;

  /** Our objects in the cluster, as KIND NAME. */
  async function objects(): Promise<string[]> {
    const { items } = await cluster().get<List>(...owned);
    return items.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort();
  }
  async function disconnected(): Promise<void> {
    for (const [from, to] of [
      ["worker-0", "worker-1"],
      ["worker-1", "worker-0"],
    ] as const) {
      assert.equal(await cluster().ping(from, to), false);
    }
  }
  const all = [
    "ClusterRole flannel",
    "ClusterRoleBinding flannel",
    "ConfigMap kube-flannel-cfg",
    "DaemonSet kube-flannel-ds",
    "Namespace kube-flannel",
    "ServiceAccount flannel",
  ];

  it("seed 004: README's commands put it into a cluster of Vagrant, and its pods reach each other", async () => {
    const { lab } = cluster();
    const clone = join(scenario.home, "pod-network-routes");
    await run("git", ["clone", "-q", root, clone]);
    symlinkSync(join(root, "node_modules"), join(clone, "node_modules"));
    await lab.on(
      "controller-0",
      "cp /etc/kubernetes/admin.conf /root/admin.kubeconfig",
    );
    const env = {
      ...environment(await getEngine("command"), scenario.home),
      HOME: scenario.home,
      PULUMI_CONFIG_PASSPHRASE: "a test's",
      // answers yes to `pulumi up`
      PULUMI_SKIP_CONFIRMATIONS: "true",
    };
    const inLab = (commands: string) =>
      run("ip", ["netns", "exec", lab.netns, "sh", "-e", "-c", commands], {
        cwd: clone,
        env,
      });
    await disconnected();

    const [commands = ""] = blocksRunBy("test/flannel/overlay.test.ts");
    const said = await inLab(commands);
    assert.deepEqual(await objects(), all);
    await cluster().connected();

    const yaml = said.slice(said.indexOf("apiVersion: v1"));
    assert.equal(parseAllDocuments(yaml).length, all.length);
    await inLab("pulumi destroy");
    await scenario.clean();
    assert.deepEqual(await objects(), []);
    await lab.on("controller-0", "rm /root/admin.kubeconfig");
  });

  it("is created, shows a changed port in the preview, and is removed", async () => {
    const stack = await scenario.stack("port", enp0s8);
    await up(stack);
    assert.deepEqual(await objects(), all);
    await cluster().connected();

    scenario.configure(stack, { ...enp0s8, backend: { port: 8473 } });
    const preview = await stack.must(["preview", "--diff"]);
    assert.match(preview, /^ *\+ .*"Port": 8473$/m);
    await up(stack);
    for (const worker of cluster().workers) {
      const link = await cluster().lab.on(worker, "ip -d link show flannel.1");
      assert.match(link, /dstport 8473/);
    }
    await cluster().connected();

    await scenario.destroy(stack);
    assert.deepEqual(await objects(), []);
    const namespaces = await cluster().get<List>("namespaces");
    assert.ok(
      namespaces.items.every(
        ({ metadata }) => metadata.name !== "kube-flannel",
      ),
    );
  });

  it("fails if nodes announce the address of the wrong interface, and the next up corrects it", async () => {
    const stack = await scenario.stack("interface", atOnce);
    const output = await upFails(stack);
    for (const i of [0, 1, 2]) {
      assert.match(
        output,
        new RegExp(
          `worker-${i} tells the others to send to 10\\.0\\.2\\.15, its internal IP is 192\\.168\\.56\\.2${i}`,
        ),
      );
    }
    assert.match(
      output,
      /choose the one that has the internal IP with flannel\.interfaces/,
    );
    await disconnected();
    const [, words = ""] =
      /to take them out by hand: kubectl (delete .*)$/m.exec(output) ?? [];
    await cluster().kubectl(words.trim().split(" "));
    assert.deepEqual(await objects(), []);

    scenario.configure(stack, {
      ...atOnce,
      interfaces: { cidrs: ["192.168.56.0/24"] },
    });
    await up(stack);
    await cluster().connected();
    await scenario.destroy(stack);
  });

  it("treats annotations of nodes and names of objects as data", async () => {
    const stack = await scenario.stack("data", enp0s8);
    await up(stack);
    const { metadata } = await cluster().get<{
      metadata: { labels: Record<string, string> };
    }>("clusterrole", "flannel");
    // Kubernetes accepts this name of a role, and kubectl could read it as an option
    const role = {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: "--all", labels: metadata.labels },
      rules: [],
    };
    await cluster().kubectl(["create", "-f", "-"], JSON.stringify(role));
    const announce = (address: string) =>
      cluster().kubectl([
        "annotate",
        "node",
        "worker-0",
        "--overwrite",
        `flannel.alpha.coreos.com/public-ip=${address}`,
      ]);
    await announce('10.0.0.9\n"have" "worker-1" "10.0.0.9" ""');
    scenario.configure(stack, { ...enp0s8, rolloutTimeout: 601 });
    const output = await upFails(stack);
    assert.match(
      output,
      /worker-0 tells the others to send to what is no address, its internal IP is 192\.168\.56\.20/,
    );
    assert.doesNotMatch(output, /worker-1 (tells|has)|10\.0\.0\.9/);

    await announce("192.168.56.20");
    scenario.configure(stack, { ...enp0s8, rolloutTimeout: 602 });
    await up(stack);
    await scenario.destroy(stack);
    assert.deepEqual(await objects(), ["ClusterRole --all"]);
    await cluster().get("clusterrole", "cluster-admin");
    await cluster().kubectl(["delete", "clusterrole", "--", "--all"]);
  });

  it("fails with the reason if a rollout does not end; the next up corrects it, and removes objects of an old namespace", async () => {
    const names = ["enp0s9"];
    const stack = await scenario.stack("rollout", {
      interfaces: { names },
      rolloutTimeout: 15,
    });
    const output = await upFails(stack);
    assert.match(output, /flannel does not run on every node after 15 s/);
    assert.match(output, /0 of 3 nodes have it/);
    assert.match(output, /pulumi up/);
    scenario.configure(stack, enp0s8);
    await up(stack);
    await cluster().connected();

    scenario.configure(stack, { ...enp0s8, namespace: "overlay" });
    await up(stack);
    assert.deepEqual(
      await objects(),
      all.map((object) =>
        object.replace("Namespace kube-flannel", "Namespace overlay"),
      ),
      "what is no longer declared is gone",
    );
    await cluster().connected();

    const mine = ["create", "configmap", "mine", "-n", "overlay"];
    await cluster().kubectl(mine);
    await scenario.destroy(stack);
    assert.deepEqual(await objects(), ["Namespace overlay"]);
    await cluster().kubectl(["get", "configmap", "mine", "-n", "overlay"]);
    await cluster().kubectl(["delete", "namespace", "overlay"]);
  });

  it("changes nothing if anything is wrong", async () => {
    const stack = await scenario.stack("refused", {
      ...enp0s8,
      kubectl: "/opt/none/kubectl",
    });
    assert.match(
      await upFails(stack),
      /this host has no \/opt\/none\/kubectl: install it, or set flannel\.kubectl/,
    );

    scenario.configure(stack, { ...enp0s8, kubeconfig: "/root/none" });
    assert.match(await upFails(stack), /cannot read \/root\/none on this host/);

    await cluster().stopApiServer();
    scenario.configure(stack, enp0s8);
    assert.match(
      await upFails(stack),
      /kubectl cannot use the API server; nothing was changed/,
    );
    await cluster().startApiServer();

    const [controller, first, second, third] = scenario.nodes();
    const other = [
      controller,
      { ...first, podCidrs: ["10.244.9.0/24"] },
      second,
      { ...third, name: "worker-9" },
    ];
    scenario.configure(stack, enp0s8, { nodes: other });
    const wrong = await upFails(stack);
    assert.match(
      wrong,
      /worker-0 has pod CIDR 10\.244\.0\.0\/24 in Kubernetes, the inventory says 10\.244\.9\.0\/24/,
    );
    assert.match(wrong, /worker-9 is no node of this cluster/);

    await cluster().kubectl([
      "create",
      "clusterrole",
      "flannel",
      "--verb=get",
      "--resource=pods",
    ]);
    scenario.configure(stack, enp0s8);
    assert.match(
      await upFails(stack),
      /ClusterRole flannel is there already and was made by somebody else; set adoptExisting/,
    );
    assert.deepEqual(await objects(), []);

    scenario.configure(stack, enp0s8, { adoptExisting: true });
    await up(stack);
    assert.deepEqual(await objects(), all);
    await scenario.destroy(stack);
    assert.deepEqual(await objects(), []);
  });

  it("changes nothing if the API server does not give enough rights", async () => {
    const { lab } = cluster();
    await cluster().kubectl(["create", "serviceaccount", "viewer"]);
    await cluster().kubectl([
      "create",
      "clusterrolebinding",
      "viewer",
      "--clusterrole=view",
      "--serviceaccount=default:viewer",
    ]);
    const token = (
      await cluster().kubectl(["create", "token", "viewer"])
    ).trim();
    await lab.on(
      "controller-0",
      `sed '/client-certificate/d; /client-key/d; s/^\\( *\\)token: .*/\\1token: ${token}/' /etc/kubernetes/admin.conf > /root/viewer.conf && kubectl --kubeconfig /root/viewer.conf config set-credentials viewer --token ${token} && kubectl --kubeconfig /root/viewer.conf config set-context --current --user viewer`,
    );
    const stack = await scenario.stack("rights", {
      ...enp0s8,
      kubeconfig: "/root/viewer.conf",
    });
    const output = await upFails(stack);
    assert.match(output, /viewer" cannot /);
    assert.deepEqual(await objects(), []);
  });

  it("has pods that verify pings, with target hosts+flannel too", async () => {
    const stack = await scenario.stack("both", enp0s8, {
      target: "hosts+flannel",
      hostRoutes: false,
    });
    await up(stack);
    await cluster().connected();
    const { report } = await verified(stack);
    assert.deepEqual(report.pings.failed, []);
    assert.equal(report.pings.sent, 6);
    await scenario.destroy(stack);
  });

  it("is checked by verify, and the printed fix of each fault works", async () => {
    const stack = await scenario.stack("looked", enp0s8);
    await up(stack);
    const versions = () =>
      cluster().kubectl([
        "get",
        "daemonset,clusterrole,configmap,pods",
        "-A",
        "-o",
        "jsonpath={.items[*].metadata.resourceVersion}",
      ]);
    const before = await versions();
    assert.deepEqual(await found(stack), [0]);
    assert.equal(await versions(), before, "nothing is changed by a look");

    const ds = ["daemonset", "kube-flannel-ds", "-n", "kube-flannel"];
    await cluster().kubectl(["delete", ...ds]);
    const missing = "DaemonSet kube-flannel/kube-flannel-ds";
    assert.deepEqual(await fixed(stack, missing), [1, missing]);

    const wrong = "flannel.alpha.coreos.com/public-ip=10.0.2.15";
    const annotate = ["annotate", "node", "worker-1", "--overwrite", wrong];
    await cluster().kubectl(annotate);
    assert.deepEqual(await fixed(stack, "worker-1"), [1, "worker-1"]);

    const cidr = '{"data":{"net-conf.json":"{}"}}';
    const config = ["configmap", "kube-flannel-cfg", "-n", "kube-flannel"];
    await cluster().kubectl(["patch", ...config, "-p", cidr]);
    const differs = "ConfigMap kube-flannel/kube-flannel-cfg";
    assert.deepEqual(await fixed(stack, differs), [1, differs]);

    await cluster().stopApiServer();
    const { code, report } = await verified(stack);
    await cluster().startApiServer();
    assert.equal(code, 2);
    assert.match(
      report.overlays[0]?.unlooked ?? "",
      /kubectl cannot use the API server/,
    );
    await scenario.destroy(stack);
  });

  /** The exit code of verify, and the subjects of its findings about the overlay. */
  async function found(stack: Stack): Promise<[number, ...string[]]> {
    const { code, report } = await verified(stack);
    const findings = report.overlays.flatMap((overlay) => overlay.findings);
    return [code, ...findings.map(({ subject }) => subject)];
  }

  /** The same, of a check after which the fix of this subject is run. Waits until the pods are connected. */
  async function fixed(
    stack: Stack,
    subject: string,
  ): Promise<[number, ...string[]]> {
    const { code, report } = await verified(stack);
    const findings = report.overlays.flatMap((overlay) => overlay.findings);
    const { fix = "" } = findings.find((f) => f.subject === subject) ?? {};
    await asPrinted(cluster().lab, stack, fix.replace(/^[^']*: (?=ssh )/, ""));
    await until(
      `verify finds nothing wrong with ${subject} any more`,
      async () => ((await found(stack))[0] === 0 ? true : undefined),
    );
    await cluster().connected();
    return [code, ...findings.map((finding) => finding.subject)];
  }

  it("is refused together with routes to the same pods", async () => {
    const stack = await scenario.stack(
      "input",
      { network: "10.0.0.0/16", backend: { type: "wireguard", port: 1 } },
      { target: "hosts+flannel", nodeSubnets: ["10.0.2.0/24"] },
    );
    const output = says(await stack.pulumi(["preview"]));
    assert.match(
      output,
      /hostRoutes: flannel and hosts would both route every pod CIDR/,
    );
    assert.doesNotMatch(output, /\bat .*\.ts:\d+/);
  });
});
