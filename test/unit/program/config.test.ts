import assert from "node:assert/strict";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import type { HostPodRoutesArgs } from "../../../components/hosts/hostArgs.ts";
import { HostPodRoutes } from "../../../components/hosts/hostPodRoutes.ts";
import { hosts } from "../../../components/hosts/hostTarget.ts";
import { openstack } from "../../../components/openstack/openStackTarget.ts";
import { readConfig, userErrors } from "../../../program/config.ts";
import {
  cluster,
  commands,
  configure,
  declare,
  privateKey,
  record,
  refusal,
} from "../mockedStack.ts";

const { nodes, ssh } = cluster;
const { knownHostsFile } = ssh;

/** Reads a stack's configuration. */
async function read(
  config: Record<string, unknown>,
  secretKeys: string[] = [],
): Promise<HostPodRoutesArgs> {
  await record();
  configure(config, secretKeys);
  const [first] = await readConfig();
  return first?.args as HostPodRoutesArgs;
}

/** What the user reads of a configuration that is refused. */
const refused = (config: Record<string, unknown>, secretKeys?: string[]) =>
  refusal(read(config, secretKeys));

test("every key of the project is an argument of the component", async () => {
  const args = {
    ...cluster,
    serviceCidrs: ["10.32.0.0/24"],
    controllerRoutes: false,
    healInterval: 60,
    owner: "us",
  };
  const config = { ...args, "aws:region": "eu-west-1" };
  assert.deepEqual(await read(config), args);
});

test("text stays text, even where it reads as JSON", async () => {
  const texts = { machinesFile: "7", owner: "true" };
  assert.deepEqual(await read({ ...texts, target: "hosts" }), texts);
});

test("an empty value counts as not given", async () => {
  const empty = {
    machinesFile: "",
    nodes: "[]",
    nodeSubnets: "[]",
    ssh: "{}",
    owner: "",
  };
  assert.deepEqual(await read({ ...empty, healInterval: 5 }), {
    healInterval: 5,
  });
});

test("an unknown key is refused, with the nearest known one", async () => {
  const args = await read({ ssh, nodes, machineFile: "machines.txt" });
  await assert.rejects(
    userErrors(() => new HostPodRoutes("routes", args)),
    /\n {2}- machineFile: is not a known key, did you mean machinesFile\? Known keys: nodes, machinesFile, /,
  );
});

test("a target that is none is refused, together with everything else that is wrong", async () => {
  const found = await refused({ ssh, nodes, target: "azure", healInterval: 0 });
  assert.deepEqual(found, [
    'target: "azure" is not a target, expected hosts or aws or gcp or openstack or flannel, or two of them with a plus in between',
    "healInterval: 0 is not allowed: expected 1 to 3600",
  ]);
});

for (const [target, key, value, owners] of [
  ["aws", "ssh", { user: "me" }, "hosts and flannel"],
  ["aws", "network", "default", "gcp"],
  ["gcp", "routesPerTable", 100, "aws"],
  ["hosts", "instances", { names: ["w"] }, "aws and gcp and openstack"],
] as const) {
  test(`${key}, which target ${target} does not use, is refused`, async () => {
    const rest = target === "gcp" ? { network: "default" } : {};
    const own = target === "hosts" ? { ssh } : rest;
    assert.deepEqual(await refused({ nodes, ...own, target, [key]: value }), [
      `${key}: target ${target} does not use it, only ${owners}`,
    ]);
  });
}

test("the defaults that Pulumi.yaml gives to keys of other targets are no fault", async () => {
  const ofHosts = { healInterval: 10, controllerHosts: true };
  const others = { ...ofHosts, nextHop: "address", priority: 1000 };
  const args = await read({ nodes, target: "aws", ...others });
  assert.deepEqual(args, { nodes });
});

test("two targets get each what they know", async () => {
  await read({
    nodes,
    ssh,
    target: "openstack+hosts",
    subnet: "kubernetes",
    hostRoutes: false,
    healInterval: 10,
    priority: 1000,
  });
  assert.deepEqual(await readConfig(), [
    { target: openstack, args: { nodes, subnet: "kubernetes" } },
    {
      target: hosts,
      args: { nodes, ssh, hostRoutes: false, healInterval: 10 },
    },
  ]);
});

test("the faults of two targets are said together, and what they have in common once", async () => {
  const [server, node] = nodes;
  for (const target of ["openstack+hosts", "hosts+openstack"]) {
    const found = await refused({
      target,
      nodes: [server, { ...node, podCidrs: ["10.200.0.1/24"] }],
      ssh,
      healInterval: 0,
      routesPerSubnet: 0,
    });
    assert.deepEqual(found.map((fault) => fault.split(": ")[0]).sort(), [
      "healInterval",
      "nodes[1].podCidrs[0]",
      "routesPerSubnet",
    ]);
  }
});

test("two targets need an inventory that both know, which is said once", async () => {
  for (const inventory of [{}, { instances: { names: ["*"] } }]) {
    const config = { target: "openstack+hosts", ssh, ...inventory };
    assert.deepEqual(await refused(config), [
      "nodes: give the inventory by one of nodes, machinesFile, inventory; none is given",
    ]);
  }
});

for (const target of ["hosts+", "aws+azure", "hosts+hosts"]) {
  test(`the targets ${target} are refused`, async () => {
    const [fault] = await refused({ ssh, nodes, target });
    assert.match(fault ?? "", /is not a target, expected hosts or aws/);
  });
}

test("a value that is no JSON is shown as it stands", async () => {
  const found = await refused({ ssh, nodes, target: "x", healInterval: "ten" });
  assert.equal(found[1], 'healInterval: "ten" is not of type number');
});

for (const key of ["privateKey", "privateKeyPassphrase"] as const) {
  test(`ssh.${key} in the clear is refused, and not shown`, async () => {
    const ssh = { knownHostsFile, privateKey, [key]: "opensesame" };
    const secret =
      key === "privateKey" ? {} : { privateKey: undefined, agentSocket: "/a" };
    const found = await refused({ nodes, ssh: { ...ssh, ...secret } });
    assert.deepEqual(found, [
      `ssh.${key}: stands in the clear in the stack's file, store it with: pulumi config set --secret --path ssh.${key}`,
    ]);
  });
}

test("a private key that is a secret stays one, up to the host's command", async () => {
  const ssh = { preflight: false, knownHostsFile, privateKey };
  const args = await read({ nodes, ssh }, ["ssh"]);
  const key = args.ssh?.privateKey as pulumi.Output<string>;
  assert.ok(await pulumi.isSecret(key));
  const { registered } = await declare(args);
  const { "routes-node-0@10.240.0.20": command } = commands(registered);
  assert.equal(command?.connection.privateKey, privateKey);
});

test("a secret of another key does not cover the private key", async () => {
  const ssh = { knownHostsFile, privateKey };
  const found = await refused({ nodes, ssh }, ["owner"]);
  assert.equal(found.length, 1);
});

test("a mistake of the user ends the program with its message alone", async () => {
  const mistake = new pulumi.InputPropertiesError({
    message: "wrong",
    errors: [],
  });
  const ending = (error: Error) =>
    pulumi.RunError.isInstance(error) && error.stack === "";
  await assert.rejects(
    userErrors(() => Promise.reject(mistake)),
    ending,
  );
});

test("any other error is passed on as it is", async () => {
  const error = new TypeError("a bug");
  await assert.rejects(
    userErrors(() => {
      throw error;
    }),
    error,
  );
});

test("a secret that is no JSON is refused without being shown", async () => {
  const faults = await refused({ ...cluster, ssh: "hunter2" }, ["ssh"]);
  assert.match(faults[0] ?? "", /^ssh: is a secret that is not in JSON/);
  assert.doesNotMatch(faults.join(), /hunter2/);
});
