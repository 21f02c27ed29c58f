import assert from "node:assert/strict";
import { test } from "node:test";
import type { StackResource } from "../../../components/verify/exportedState.ts";
import { overlayFindings } from "../../../components/verify/overlayFindings.ts";
import { readOverlayState } from "../../../components/verify/overlayState.ts";
import {
  overlay as args,
  declareOverlay,
  dualStack,
  withFlannel,
} from "../flannel/flannelSupport.ts";
import { cluster } from "../mockedStack.ts";
import { stack } from "./verifyFixtures.ts";

const urn = "urn:pulumi:prod::p::Command::overlay";

/** A stack's state of the command of an overlay, with these inputs in place of its own. */
async function stateOf(
  inputs: Record<string, unknown> = {},
  args?: object,
): Promise<StackResource> {
  const { command } = await declareOverlay(args);
  const connection = { host: "10.240.0.10", user: "ops" };
  const { create, stdin } = command;
  return {
    urn,
    type: "command:remote:Command",
    outputs: {},
    inputs: { connection, create, stdin, ...inputs },
  };
}

/** An overlay whose controller is reached by a user with sudo. */
async function overlay() {
  const ssh = { ...cluster.ssh, user: "ops" };
  const read = readOverlayState(await stateOf({}, { ...args, ssh }));
  assert.ok(typeof read !== "string", String(read));
  return read;
}

test("the command of a component is read, and its input is passed on without the script", async () => {
  for (const args of [
    undefined,
    withFlannel({ network: ["10.244.0.0/16", "fd00:244::/32"] }, dualStack),
    withFlannel({ kubeconfig: "/root/a.conf", kubectl: "/opt/kubectl" }),
  ]) {
    const resource = await stateOf({}, args);
    const read = readOverlayState(resource);
    assert.ok(typeof read !== "string", String(read));
    assert.deepEqual(read.nodes, ["node-0", "node-1"]);
    assert.equal(read.namespace, "kube-flannel");
    const { stdin } = resource.inputs as { stdin: string };
    assert.ok(stdin.startsWith(`${read.input.join("\n")}\n--- script\n`));
  }
});

test("a command that somebody has changed in the state is refused", async () => {
  const { stdin } = (await stateOf()).inputs as { stdin: string };
  const changed: [RegExp, string][] = [
    [/^owner .*$/m, "owner a b"],
    [/^kubectl .*$/m, "kubectl kubectl;reboot"],
    [/^kubectl .*$/m, "kubectl -x"],
    [/^adopt .*$/m, "kubeconfig a\nadopt no"],
    [/^adopt .*$/m, "adopt perhaps"],
    [/^namespace .*$/m, "namespace -A"],
    [/^timeout .*$/m, "timeout 0"],
    [/^timeout .*\n/m, ""],
    [/^node .*$/m, "node $(reboot) 10.244.1.0/24 10.240.0.20"],
    [/^node .*$/m, "node a 10.244.1.0/24 10.240.0.20\nowner b"],
    [/^node .*\n/gm, ""],
    [/^manifest\n/m, ""],
    [/^--- script\n/m, ""],
    [/^kind: .*$/m, "kind: \u001b[2J"],
    [/^kind: .*$/m, `kind: ${"a".repeat(2 ** 20)}`],
  ];
  for (const [from, to] of changed) {
    const resource = await stateOf({ stdin: stdin.replace(from, to) });
    const read = readOverlayState(resource);
    assert.equal(typeof read, "string", `${from} ${to}`);
    assert.match(String(read), /^[ -~]{1,600}$/);
  }
  for (const inputs of [{ connection: null }, { stdin: 1 }]) {
    assert.equal(typeof readOverlayState(await stateOf(inputs)), "string");
  }
  const unnamed = { ...(await stateOf()), urn: "urn:\n" };
  assert.equal(typeof readOverlayState(unnamed), "string");
});

const using = "using /usr/bin/kubectl --kubeconfig /etc/kubernetes/admin.conf";

async function findings(...lines: string[]) {
  const said = [using, ...lines, "looked", ""].join("\n");
  return overlayFindings(said, await overlay(), stack);
}

test("a look without findings is read as none", async () => {
  assert.deepEqual(await findings(), []);
});

const anew = `pulumi state delete --stack prod ${urn} && pulumi up --stack prod`;
const kubectl = (words: string) =>
  `ssh -- ops@10.240.0.10 'sudo /usr/bin/kubectl --kubeconfig /etc/kubernetes/admin.conf -n kube-flannel ${words}'`;

test("each line of a look becomes a fault with its fix", async () => {
  const cases: [line: string, subject: string, fix: string][] = [
    [
      "missing DaemonSet kube-flannel kube-flannel-ds",
      "DaemonSet kube-flannel/kube-flannel-ds",
      anew,
    ],
    ["differs ClusterRole - flannel", "ClusterRole flannel", anew],
    ["stale Namespace - overlay", "Namespace overlay", anew],
    [
      "rollout 1 of 2 nodes have it",
      "DaemonSet kube-flannel-ds",
      kubectl("get pods -l app=flannel -o wide"),
    ],
    ["absent node-0", "node-0", kubectl("describe node node-0")],
    [
      "unready node-1 kube-flannel-ds-aaaaa Running CrashLoopBackOff",
      "node-1",
      kubectl("logs kube-flannel-ds-aaaaa -c kube-flannel --tail=20"),
    ],
    [
      "address node-0 has not told the others its address",
      "node-0",
      kubectl(
        "delete pods -l app=flannel --field-selector spec.nodeName=node-0",
      ),
    ],
    ["unfit node-9 is no node of this cluster; look", "cluster", "look"],
    ["unfit node-0 has pod CIDR a, the inventory says b", "cluster", anew],
  ];
  for (const [line, subject, fix] of cases) {
    const [found, ...more] = (await findings(line)) ?? [];
    assert.deepEqual(
      [found?.severity, found?.kind, found?.subject, more],
      ["fault", "overlay", subject, []],
    );
    assert.ok(found?.fix?.endsWith(fix), `${found?.fix}`);
  }
});

test("a look with other lines, or an incomplete one, is not used", async () => {
  const state = await overlay();
  for (const said of [
    "",
    "looked",
    using,
    `${using}\nabsent node-0\n`,
    `${using}\nall is well\nlooked\n`,
    `${using}\nabsent node-7\nlooked\n`,
    `${using}\nmissing DaemonSet $(reboot) a\nlooked\n`,
    `${using}\nlooked\nabsent node-0\n`,
  ]) {
    assert.equal(overlayFindings(said, state, stack), undefined, said);
  }
});

test("hostile text of a controller becomes no part of a command", async () => {
  const hostile = "$(reboot);reboot`reboot`'";
  const state = await overlay();
  for (const said of [
    `using /bin/${hostile}\nabsent node-0\nlooked\n`,
    `${using}\nunready node-0 ${hostile} Running\nlooked\n`,
    `${using}\naddress node-0 tells ${hostile}\u001b[2J\nlooked\n`,
  ]) {
    const [found] = overlayFindings(said, state, stack) ?? [];
    assert.ok(found);
    assert.doesNotMatch(found.fix ?? "", /reboot/);
    assert.match(found.message, /^[ -~]*$/);
  }
});
