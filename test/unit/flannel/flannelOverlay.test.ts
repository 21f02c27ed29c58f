import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { FlannelOverlay } from "../../../components/flannel/flannelOverlay.ts";
import { pipedCommand } from "../../../components/ssh/pipedScript.ts";
import {
  facts,
  file,
  hostKey,
  privateKey,
  record,
  unhandledRejection,
  value,
  warnings,
} from "../mockedStack.ts";
import {
  bothNetworks,
  declareOverlay,
  dualStack,
  overlay,
  withFlannel,
} from "./flannelSupport.ts";

const psk = `${"A".repeat(43)}=`;

/** The facts before the manifest in a standard input. */
function before(stdin: unknown): string[] {
  const lines = facts(stdin as string);
  return lines.slice(0, lines.indexOf("manifest"));
}

test("the component declares one command, one stash for its owner, and nothing else", async () => {
  const { registered } = await declareOverlay();
  assert.deepEqual(
    registered.map(({ type, name }) => [type, name]),
    [
      ["pod-network-routes:index:FlannelOverlay", "overlay"],
      ["pulumi:index:Stash", "overlay-owner"],
      ["command:remote:Command", "overlay"],
    ],
  );
});

test("the command has exactly the connection to the controller, the two commands and their input", async () => {
  const { component, command } = await declareOverlay();
  const { stdin, ...inputs } = command;
  assert.deepEqual(inputs, {
    connection: {
      host: "10.240.0.10",
      port: 22,
      user: "root",
      hostKey,
      privateKey,
      perDialTimeout: 5,
      dialErrorLimit: 3,
    },
    create: pipedCommand("apply", false),
    delete: pipedCommand("remove", false),
    addPreviousOutputInEnv: false,
    logging: "none",
  });
  const yaml = await value(component.manifestYaml);
  assert.deepEqual(facts(stdin), [
    "owner project.stack.overlay",
    "kubectl kubectl",
    "adopt no",
    "namespace kube-flannel",
    "timeout 600",
    "node node-0 10.244.1.0/24 10.240.0.20",
    "node node-1 10.244.2.0/24 10.240.0.21",
    "manifest",
    ...yaml.trimEnd().split("\n"),
  ]);
  assert.match(
    yaml,
    /^ {4}pod-network-routes\/owner: project\.stack\.overlay$/m,
  );
  const script = readFileSync(
    join(import.meta.dirname, "../../../components/flannel/flannelOverlay.sh"),
    "utf8",
  );
  assert.ok(stdin.endsWith(`\n--- script\n${script}--- end\n`));
});

test("kubectl, its kubeconfig, the limit, the namespace and adoptExisting reach the script", async () => {
  const { command } = await declareOverlay({
    ...withFlannel({
      kubectl: "/opt/bin/kubectl",
      kubeconfig: "/etc/kubernetes/admin.conf",
      namespace: "overlay",
      rolloutTimeout: 60,
    }),
    adoptExisting: true,
  });
  assert.deepEqual(before(command.stdin).slice(1, 6), [
    "kubectl /opt/bin/kubectl",
    "kubeconfig /etc/kubernetes/admin.conf",
    "adopt yes",
    "namespace overlay",
    "timeout 60",
  ]);
});

test("the input has those addresses of a node that are of the overlay's address families", async () => {
  const nodesOf = async (args: object) =>
    before((await declareOverlay(args)).command.stdin).filter((line) =>
      line.startsWith("node "),
    );
  assert.deepEqual(
    await nodesOf(withFlannel({ network: bothNetworks }, dualStack)),
    [
      "node node-0 10.244.1.0/24,fd00:244:1::/64 10.240.0.20,fd00::2",
      "node node-1 10.244.2.0/24,fd00:244:2::/64 10.240.0.21,fd00::3",
    ],
  );
  const nodes = overlay.nodes.map((node, i) => ({
    ...node,
    internalIp: dualStack.nodes[i]?.internalIp,
  }));
  assert.deepEqual(await nodesOf({ ...overlay, nodes }), [
    "node node-0 10.244.1.0/24 10.240.0.20",
    "node node-1 10.244.2.0/24 10.240.0.21",
  ]);
});

test("kubectl runs on the named node, with sudo if the user is not root", async () => {
  const { command } = await declareOverlay({
    ...withFlannel({ controller: "node-1" }),
    ssh: { ...overlay.ssh, user: "ubuntu" },
  });
  assert.equal(command.connection.host, "10.240.0.21");
  assert.equal(command.connection.user, "ubuntu");
  assert.equal(command.create, pipedCommand("apply", true));
  assert.equal(command.delete, pipedCommand("remove", true));
});

test("without a pre-shared key, the outputs and the input of the command are not secret", async () => {
  const { component, registered } = await declareOverlay();
  const table = [
    { destination: "10.244.1.0/24", nextHop: "10.240.0.20", node: "node-0" },
    { destination: "10.244.2.0/24", nextHop: "10.240.0.21", node: "node-1" },
  ];
  assert.deepEqual(await value(component.routeTable), table);
  assert.equal(
    await value(component.routeTableText),
    "10.244.1.0/24 via 10.240.0.20 # node-0\n10.244.2.0/24 via 10.240.0.21 # node-1",
  );
  assert.match(await value(component.diagram), /^flowchart LR\n/);
  assert.match(
    await value(component.manifestYaml),
    /^apiVersion: v1\nkind: Namespace\n/,
  );
  assert.equal(await pulumi.isSecret(component.manifestYaml), false);
  assert.deepEqual(registered[0]?.inputs, { routeTable: table });
  const { stdin } = registered[2]?.inputs ?? {};
  assert.equal(typeof stdin, "string");
});

for (const [what, key] of [
  ["an output", pulumi.secret(psk)],
  ["text", psk],
] as const) {
  test(`with a pre-shared key that is ${what}, the manifest and the command's input are secrets`, async () => {
    const { component, registered } = await declareOverlay(
      withFlannel({ backend: { type: "wireguard", psk: key } }),
    );
    assert.ok(await pulumi.isSecret(component.manifestYaml));
    assert.match(
      await value(component.manifestYaml),
      new RegExp(`"PSK": "${psk}"`),
    );
    const { connection, stdin, ...rest } = registered[2]?.inputs ?? {};
    assert.ok(pulumi.runtime.isRpcSecret(stdin));
    assert.match(pulumi.runtime.unwrapRpcSecret(stdin), new RegExp(psk));
    assert.ok(pulumi.runtime.isRpcSecret(connection));
    const open = JSON.stringify([registered.slice(0, 2), rest]);
    assert.ok(!open.includes(psk));
    assert.equal(await pulumi.isSecret(component.routeTable), false);
  });
}

test("an output that is not a pre-shared key ends the program, and no command is registered", async (t) => {
  const rejection = unhandledRejection(t);
  const registered = await record();
  const key = pulumi.secret("hunter2");
  new FlannelOverlay(
    "overlay",
    withFlannel({ backend: { type: "wireguard", psk: key } }),
  );
  const error = await rejection;
  assert.ok(pulumi.RunError.isInstance(error));
  const { message } = error as Error;
  assert.match(
    message,
    /flannel\.backend\.psk is no pre-shared key of WireGuard, expected 32 bytes in base64: wg genpsk; nothing was changed$/,
  );
  assert.doesNotMatch(message, /hunter2/);
  assert.deepEqual(
    registered.map(({ type }) => type),
    ["pod-network-routes:index:FlannelOverlay", "pulumi:index:Stash"],
  );
});

test("one error names all bad arguments, and nothing is registered", async () => {
  const registered = await record();
  assert.throws(
    () =>
      new FlannelOverlay(
        "overlay",
        withFlannel({
          network: "10.244.0.0/24",
          image: "flannel",
          backend: { vni: 0 },
        }),
      ),
    (error) => {
      assert.ok(pulumi.InputPropertiesError.isInstance(error));
      const { errors } = error as pulumi.InputPropertiesError;
      assert.deepEqual(errors?.map(({ propertyPath }) => propertyPath).sort(), [
        "flannel.backend.vni",
        "flannel.image",
        "nodes[1]",
        "nodes[2]",
      ]);
      return true;
    },
  );
  assert.deepEqual(registered, []);
});

test("with hostKeyCheck: false the connection has no host key, and there is a warning", async (t) => {
  const said = warnings(t);
  const ssh = { ...overlay.ssh, hostKeyCheck: false };
  const { command } = await declareOverlay({ ...overlay, ssh });
  assert.ok(!("hostKey" in command.connection));
  assert.equal(said.length, 1);
  assert.match(said[0] ?? "", /ssh\.hostKeyCheck is off: whoever answers/);
});

for (const name of [
  "overlay",
  "a".repeat(100),
  `${"a".repeat(53)}-${"b".repeat(20)}`,
  "ends-with-a-dash-",
  "ends.with.a.dot.",
  "é and spaces",
]) {
  test(`the owner of a component called ${name.slice(0, 20)} is a valid label, and differs from that of another component`, async () => {
    const ownerOf = async (text: string) =>
      before((await declareOverlay(overlay, text)).command.stdin)[0] ?? "";
    const owner = await ownerOf(name);
    assert.match(
      owner,
      /^owner [A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/,
    );
    assert.equal(await ownerOf(name), owner);
    assert.notEqual(await ownerOf(`${name}2`), owner);
  });
}

for (const [project, stack] of [
  ["p".repeat(100), "s".repeat(100)],
  ["_._", "_"],
  ["-", "dev"],
] as const) {
  test(`the owner is a valid label in project ${project.slice(0, 20)} and stack ${stack.slice(0, 20)}`, async () => {
    await pulumi.runtime.setMocks(
      {
        call: ({ inputs }) => inputs,
        newResource: ({ name, inputs }) => ({ id: name, state: inputs }),
      },
      project,
      stack,
      false,
      "organization",
    );
    const { manifestYaml } = new FlannelOverlay("_", overlay);
    const yaml = await value(manifestYaml);
    await pulumi.runtime.disconnect();
    const [, owner = ""] =
      /pod-network-routes\/owner: "?([^"\n]*)/.exec(yaml) ?? [];
    assert.match(owner, /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/);
  });
}

test("only the controller has to be in known_hosts", async () => {
  const knownHostsFile = file(
    "controller_only",
    "10.240.0.10 ssh-ed25519 AAAAcontroller\n",
  );
  const ssh = { ...overlay.ssh, knownHostsFile };
  const { command } = await declareOverlay({ ...overlay, ssh });
  assert.equal(command.connection.hostKey, "ssh-ed25519 AAAAcontroller");
});
