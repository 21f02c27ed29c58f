import assert from "node:assert/strict";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { FlannelOverlay } from "../../../components/flannel/flannelOverlay.ts";
import { flannel } from "../../../components/flannel/flannelTarget.ts";
import { readConfig } from "../../../program/config.ts";
import { configure, record, refusal } from "../mockedStack.ts";
import { declareOverlay, overlay } from "./flannelSupport.ts";

const psk = `${"A".repeat(43)}=`;

/** Reads a stack's configuration. */
async function read(config: Record<string, unknown>, secretKeys?: string[]) {
  await record();
  configure({ ...overlay, ...config }, secretKeys);
  return readConfig();
}

/** What the user reads of a configuration that is refused. */
const refused = (config: Record<string, unknown>, secretKeys?: string[]) =>
  refusal(read(config, secretKeys));

test("the keys of the target are the arguments of its component", async () => {
  const args = {
    flannel: { interfaces: { names: ["enp0s8"] } },
    adoptExisting: true,
  };
  assert.deepEqual(await read({ target: "flannel", ...args }), [
    { target: flannel, args: { ...overlay, ...args } },
  ]);
});

for (const target of ["flannel+hosts", "hosts+flannel"]) {
  test(`${target} is refused, because every pod CIDR would have two routes`, async () => {
    const fault =
      "hostRoutes: flannel and hosts would both route every pod CIDR; with hostRoutes: false the hosts only forward and name the nodes in /etc/hosts, or set target to one of the two";
    assert.deepEqual(await refused({ target }), [fault]);
    assert.deepEqual(await refused({ target, hostRoutes: true }), [fault]);
  });

  test(`${target} with hostRoutes: false is accepted, without routes on the hosts`, async () => {
    const flannel = { backend: { type: "host-gw" } };
    const configs = await read({ target, flannel, hostRoutes: false });
    const byTarget = new Map(
      configs.map(({ target: { name }, args }) => [name, args]),
    );
    assert.deepEqual(byTarget.get("flannel"), { ...overlay, flannel });
    assert.deepEqual(byTarget.get("hosts"), { ...overlay, hostRoutes: false });
  });
}

for (const cloud of ["aws", "gcp", "openstack"]) {
  test(`${cloud}+flannel is refused`, async () => {
    const faults = await refused({ target: `${cloud}+flannel` });
    assert.ok(
      faults.includes(
        `target: flannel and ${cloud} would both route every pod CIDR, expected one of them`,
      ),
      faults.join("\n"),
    );
  });
}

test("all three at once have a fault for each that routes", async () => {
  const faults = await refused({ target: "aws+hosts+flannel" });
  assert.deepEqual(
    faults.map((fault) => fault.split(":")[0]),
    ["target", "hostRoutes"],
  );
});

test("a pre-shared key that is not encrypted is refused, and not shown", async () => {
  const flannel = { backend: { type: "wireguard", psk } };
  const faults = await refused({ target: "flannel", flannel });
  assert.deepEqual(faults, [
    "flannel.backend.psk: stands in the clear in the stack's file, store it with: pulumi config set --secret --path flannel.backend.psk",
  ]);
  assert.ok(!faults.join().includes(psk));
});

test("a pre-shared key that is a secret stays one, up to the command", async () => {
  const flannel = { backend: { type: "wireguard", psk } };
  const [config] = await read({ target: "flannel", flannel }, ["flannel"]);
  const { registered } = await declareOverlay(config?.args);
  const command = registered.find((one) => one.type.startsWith("command:"));
  const { stdin } = command?.inputs ?? {};
  assert.ok(pulumi.runtime.isRpcSecret(stdin));
  assert.ok(pulumi.runtime.unwrapRpcSecret(stdin).includes(`"PSK": "${psk}"`));
});

test("the secret of another key does not cover the pre-shared key", async () => {
  const flannel = { backend: { type: "wireguard", psk } };
  const faults = await refused({ target: "flannel", flannel }, ["ssh"]);
  assert.equal(faults.length, 1);
});

test("a secret configuration of flannel that is not JSON is refused, and not shown", async () => {
  const faults = await refused({ target: "flannel", flannel: "hunter2" }, [
    "flannel",
  ]);
  assert.match(faults[0] ?? "", /^flannel: is a secret that is not in JSON/);
  assert.ok(!faults.join().includes("hunter2"));
});

for (const [what, flannel] of [
  ["text", "vxlan"],
  ["a list", [1]],
  ["a backend that is text", { backend: "vxlan" }],
  ["a backend that is null", { backend: null }],
] as const) {
  test(`${what} in place of keys is a fault, not an exception`, async () => {
    const [config] = await read({ target: "flannel", flannel });
    assert.throws(
      () => new FlannelOverlay("overlay", config?.args ?? {}),
      /: 1 fault; nothing was changed\n {2}- flannel(\.backend)?: .* is not of type object$/,
    );
  });
}

for (const [key, value, suggestion] of [
  ["flanel", {}, /^flanel: is not a known key, did you mean flannel\?/],
  [
    "flannel",
    { kubekonfig: "/a" },
    /^flannel\.kubekonfig: .* did you mean kubeconfig\?/,
  ],
  [
    "flannel",
    { backend: { dirctRouting: true } },
    /^flannel\.backend\.dirctRouting: .* did you mean directRouting\?/,
  ],
] as const) {
  test(`an unknown key such as ${JSON.stringify(value)} of ${key} is refused, with the nearest known one`, async () => {
    const given = key === "flannel" ? value : { backend: {} };
    const [config] = await read({ target: "flannel", [key]: given });
    assert.throws(
      () => new FlannelOverlay("overlay", config?.args ?? {}),
      (error: Error) => suggestion.test(error.message.split("\n  - ")[1] ?? ""),
    );
  });
}

for (const [target, key, value, owners] of [
  ["flannel", "healInterval", 60, "hosts"],
  ["flannel", "network", "default", "gcp"],
  ["hosts", "flannel", { kubectl: "k" }, "flannel"],
] as const) {
  test(`${key}, which target ${target} does not use, is refused`, async () => {
    assert.deepEqual(await refused({ target, [key]: value }), [
      `${key}: target ${target} does not use it, only ${owners}`,
    ]);
  });
}
