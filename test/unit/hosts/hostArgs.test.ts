import assert from "node:assert/strict";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { FaultsError } from "../../../components/core/faults.ts";
import { readHostArgs } from "../../../components/hosts/hostArgs.ts";
import { worker } from "../clusterFaults.ts";
import {
  cluster,
  directory,
  ed25519,
  file,
  hostKey,
  keyPair,
  privateKey,
} from "../mockedStack.ts";

/** Every fault of these arguments, as `path: message`. */
function faultsOf(args: unknown): string[] {
  try {
    readHostArgs(args);
    return [];
  } catch (error) {
    assert.ok(error instanceof FaultsError);
    return error.faults.map(({ path, message }) => `${path}: ${message}`);
  }
}

const withSsh = (ssh: object) => ({
  ...cluster,
  ssh: { ...cluster.ssh, ...ssh },
});
const faultsOfSsh = (ssh: object) => faultsOf(withSsh(ssh));

test("good arguments have no fault, and get the defaults", () => {
  const plan = readHostArgs(cluster);
  assert.deepEqual(
    plan.cluster.map(({ name }) => name),
    ["server", "node-0", "node-1"],
  );
  assert.equal(plan.controllerRoutes, true);
  assert.equal(plan.controllerHosts, true);
  assert.equal(plan.adoptExisting, false);
  assert.equal(plan.healInterval, 10);
  assert.equal(plan.ssh.user, "root");
  assert.equal(plan.ssh.port, 22);
});

test("the inventory may be a machines.txt file, its rows named in faults", () => {
  const machines = file(
    "machines.txt",
    "10.240.0.20 node-0.local node-0 10.200.0.0/24\n10.240.0.21 node-1.local node-1 10.200.0.0/24\n",
  );
  const { ssh } = cluster;
  assert.deepEqual(faultsOf({ ssh, machinesFile: machines }), [
    `${machines}:2: pod CIDR "10.200.0.0/24" is also that of node-0 (${machines}:1), pod CIDRs must not overlap`,
  ]);
});

for (const [what, args, fault] of [
  [
    "no inventory",
    { ssh: cluster.ssh },
    "nodes: give the inventory by one of nodes, machinesFile, inventory; none is given",
  ],
  [
    "two inventories",
    { ...cluster, machinesFile: "machines.txt" },
    "nodes: give the inventory by one of nodes, machinesFile, inventory; nodes and machinesFile are given",
  ],
  [
    "a file that is not there",
    { ssh: cluster.ssh, machinesFile: "nowhere.txt" },
    'machinesFile: file "nowhere.txt" does not exist',
  ],
  [
    "a file that is a directory",
    { ssh: cluster.ssh, machinesFile: "/" },
    'machinesFile: file "/" cannot be read (EISDIR)',
  ],
  [
    "an empty list of nodes",
    { ...cluster, nodes: [] },
    "nodes: no node has a pod CIDR, so there is nothing to route",
  ],
  [
    "a service CIDR that is none",
    { ...cluster, serviceCidrs: [7, "10.32.0.1/24"] },
    'serviceCidrs[1]: "10.32.0.1/24" has host bits set, the canonical form is 10.32.0.0/24',
  ],
  [
    "a heal interval out of range",
    { ...cluster, healInterval: 3601 },
    "healInterval: 3601 is not allowed: expected 1 to 3600",
  ],
  [
    "a heal interval that is no whole number",
    { ...cluster, healInterval: 1.5 },
    "healInterval: 1.5 is not of type int",
  ],
  [
    "an owner that is a path",
    { ...cluster, owner: "../up" },
    'owner: "../up" is not allowed: expected at most 200 letters, digits, . _ and -',
  ],
  [
    "a user with a space",
    withSsh({ user: "a b" }),
    'ssh.user: "a b" is not allowed: expected a login name of letters, digits, _ . and -',
  ],
  [
    "a port out of range",
    withSsh({ port: 65536 }),
    "ssh.port: 65536 is not allowed: expected 1 to 65535",
  ],
  [
    "a misspelt key of ssh",
    withSsh({ privateKeyfile: "x" }),
    "ssh.privateKeyfile: is not a known key, did you mean privateKeyFile? Known keys: user, port, sudo, privateKey, privateKeyFile, privateKeyPassphrase, agentSocket, knownHostsFile, hostKeys, hostKeyCheck, preflight, connectTimeout, connectAttempts, bastion",
  ],
  [
    "a bastion that is a URL",
    withSsh({ bastion: { host: "ssh://b" } }),
    'ssh.bastion.host: "ssh://b" is not allowed: expected an address or a host name',
  ],
] as const) {
  test(`${what} is a fault`, () => {
    assert.ok(faultsOf(args).includes(fault), faultsOf(args).join("\n"));
  });
}

test("faults between values are said beside those of other keys", () => {
  const [server, node] = cluster.nodes;
  const args = {
    ...withSsh({ knownHostsFile: file("no_hosts", "") }),
    nodes: [
      server,
      node,
      { ...node, name: "node-2", internalIp: "10.240.0.9" },
    ],
    serviceCidrs: ["10.32.0.1/24", "10.200.0.0/16"],
    healInterval: 0,
  };
  const paths = faultsOf(args).map((fault) => fault.replace(/ .*/, ""));
  assert.deepEqual(paths, [
    "serviceCidrs[0]:",
    "healInterval:",
    "nodes[2]:", // the pod CIDR of another node
    "nodes[1]:", // within a service CIDR
    "nodes[2]:",
    "nodes[0]:", // no host key
    "nodes[1]:",
    "nodes[2]:",
  ]);
});

test("an inventory of a wrong type counts as given", () => {
  const { ssh } = cluster;
  assert.deepEqual(faultsOf({ ssh, machinesFile: 7 }), [
    "machinesFile: 7 is not of type string",
  ]);
});

test("a key whose value is undefined counts as not given", () => {
  assert.deepEqual(faultsOf({ ...cluster, machinesFile: undefined }), []);
});

test("what depends on a node with a fault is not a fault too", () => {
  const [server] = cluster.nodes;
  const args = {
    ...withSsh({ hostKeys: { w: hostKey } }),
    nodes: [server, worker("w", "10.240.0.20", "10.200.0.1/24")],
  };
  assert.deepEqual(faultsOf(args), [
    'nodes[1].podCidrs[0]: "10.200.0.1/24" has host bits set, the canonical form is 10.200.0.0/24',
  ]);
});

test("a host without a known key is a fault that says how to get it", () => {
  const knownHostsFile = file(
    "other_hosts",
    `10.240.0.10,node-1 ${hostKey}\n10.240.0.20 ssh-rsa AAAA\n`,
  );
  assert.deepEqual(faultsOfSsh({ knownHostsFile }), [
    `nodes[1]: no ssh-ed25519, ecdsa-sha2-nistp256, ecdsa-sha2-nistp384, ecdsa-sha2-nistp521 host key of node-0 (10.240.0.20, node-0) is in ${knownHostsFile}; once you trust the network: ssh-keyscan -t ed25519,ecdsa 10.240.0.20 >> ${knownHostsFile}`,
  ]);
});

test("a bastion without a known key is a fault that names its port", () => {
  const knownHostsFile = file("inner_hosts", `10.240.0.* ${hostKey}\n`);
  const bastion = { host: "192.0.2.1", port: 2222 };
  const [fault, ...more] = faultsOfSsh({ knownHostsFile, bastion });
  assert.deepEqual(more, []);
  assert.match(
    fault ?? "",
    /^ssh\.bastion: no .* host key of bastion \(192\.0\.2\.1\) .* ssh-keyscan -p 2222 -t ed25519,ecdsa 192\.0\.2\.1 >> /,
  );
});

test("a known_hosts file that is missing is one fault, not one a host", () => {
  assert.deepEqual(faultsOfSsh({ knownHostsFile: `${directory}/none` }), [
    `ssh.knownHostsFile: file "${directory}/none" does not exist`,
  ]);
});

test("whoever gives every host key needs no known_hosts file", () => {
  const hostKeys = { server: hostKey, "node-0": hostKey, "node-1": hostKey };
  assert.deepEqual(faultsOfSsh({ hostKeys, knownHostsFile: "/none" }), []);
});

test("a host key that is given is preferred to the known_hosts file", () => {
  const given = "ssh-ed25519 AAAAgiven";
  const args = withSsh({ hostKeys: { "node-0": given } });
  const { byNode } = readHostArgs(args).hosts;
  assert.equal(byNode.get("node-0")?.hostKey, given);
  assert.equal(byNode.get("node-1")?.hostKey, hostKey);
});

test("host keys that are no key, or of no node, are faults", () => {
  const hostKeys = { "node-0": "ssh-rsa AAAA", "node-9": hostKey };
  assert.deepEqual(faultsOfSsh({ hostKeys }), [
    'ssh.hostKeys.node-0: "ssh-rsa AAAA" is no host key, expected TYPE BASE64 with a type of ssh-ed25519, ecdsa-sha2-nistp256, ecdsa-sha2-nistp384, ecdsa-sha2-nistp521',
    "ssh.hostKeys.node-9: is the name of no node",
  ]);
});

test("a node may be called constructor", () => {
  const [server] = cluster.nodes;
  const node = worker("constructor", "10.240.0.20", "10.200.0.0/24");
  assert.deepEqual(faultsOf({ ...cluster, nodes: [server, node] }), []);
});

const encrypted = ed25519("secret").private;

for (const [what, text, fault] of [
  [
    "a public key",
    hostKey,
    "holds no usable private key: this is the public key",
  ],
  ["no key", "text", "holds no usable private key: Unsupported key format"],
  ["nothing", "", "holds no usable private key: Unsupported key format"],
  [
    "an encrypted key without a passphrase",
    encrypted,
    "holds no usable private key: Encrypted private OpenSSH key detected, but no passphrase given",
  ],
] as const) {
  test(`a private key file with ${what} in it is a fault`, () => {
    const privateKeyFile = file("bad_key", text);
    assert.deepEqual(faultsOfSsh({ privateKeyFile }), [
      `ssh.privateKeyFile: ${fault}`,
    ]);
  });
}

test("an encrypted key is opened by its passphrase", () => {
  const privateKeyFile = file("encrypted_key", encrypted);
  const passphrase = (privateKeyPassphrase: string) =>
    faultsOfSsh({ privateKeyFile, privateKeyPassphrase });
  assert.deepEqual(passphrase("secret"), []);
  assert.equal(passphrase("wrong").length, 1);
});

test("a fault never shows a private key", () => {
  const ssh = { privateKey, privateKeyFile: undefined, port: 0 };
  assert.deepEqual(faultsOfSsh(ssh), [
    "ssh.port: 0 is not allowed: expected 1 to 65535",
  ]);
});

test("a private key may be an output, whose value is not looked at", () => {
  const privateKey = pulumi.secret("not known yet");
  const ssh = { privateKey, privateKeyFile: undefined };
  assert.deepEqual(faultsOfSsh(ssh), []);
});

test("a private key and a file with one are one too many", () => {
  assert.deepEqual(faultsOfSsh({ privateKey: keyPair().privateKey }), [
    "ssh.privateKeyFile: privateKey is given too, give one of the two",
  ]);
});

test("without a key the SSH agent is used, and without an agent there is no way to log in", (t) => {
  const before = process.env.SSH_AUTH_SOCK;
  t.after(() => {
    delete process.env.SSH_AUTH_SOCK;
    Object.assign(
      process.env,
      before === undefined ? {} : { SSH_AUTH_SOCK: before },
    );
  });
  const ssh = { privateKeyFile: undefined };
  process.env.SSH_AUTH_SOCK = "/run/agent";
  assert.deepEqual(faultsOfSsh(ssh), []);
  delete process.env.SSH_AUTH_SOCK;
  assert.deepEqual(faultsOfSsh({ ...ssh, agentSocket: "/run/agent" }), []);
  assert.deepEqual(faultsOfSsh(ssh), [
    "ssh: no way to log in: give privateKeyFile, privateKey (as a secret), or start an SSH agent (ssh-add)",
  ]);
});

test("a file below ~/ is one in the user's home", (t) => {
  const before = process.env.HOME;
  t.after(() => Object.assign(process.env, { HOME: before }));
  process.env.HOME = directory;
  const privateKeyFile = "~/id_ed25519";
  const knownHostsFile = "~/known_hosts";
  assert.deepEqual(faultsOfSsh({ privateKeyFile, knownHostsFile }), []);
});
