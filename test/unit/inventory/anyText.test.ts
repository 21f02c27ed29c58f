import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Faults, FaultsError } from "../../../components/core/faults.ts";
import { readHostArgs } from "../../../components/hosts/hostArgs.ts";
import { readMachines } from "../../../components/inventory/machinesFile.ts";
import { inputOf, worker } from "../clusterFaults.ts";
import { anyText, nasty } from "../hostileText.ts";
import { directory, file } from "../mockedStack.ts";

const key = "ssh-ed25519 AAAA";
const knownHostsFile = file("known_hosts", `* ${key}\n`);

const node = worker("node-0", "10.240.0.20", "10.200.0.0/24");
const server = { name: "server", internalIp: "10.240.0.10" };
const ssh = { knownHostsFile, agentSocket: "/run/agent" };
const good = { nodes: [server, node], ssh };
const withNode = (change: object) => ({
  ...good,
  nodes: [server, { ...node, ...change }],
});
const withSsh = (change: object) => ({ ...good, ssh: { ...ssh, ...change } });

/** Every place of the input where text stands, with the input that has `text` there. */
const places: Record<string, (text: string) => object> = {
  name: (text) => withNode({ name: text }),
  internalIp: (text) => withNode({ internalIp: text }),
  podCidrs: (text) => withNode({ podCidrs: [text] }),
  role: (text) => withNode({ role: text }),
  address: (text) => withNode({ address: text }),
  aliases: (text) => withNode({ aliases: [text] }),
  "a key of a node": (text) => withNode({ [text]: "x" }),
  nodeSubnets: (text) => ({ ...good, nodeSubnets: [text] }),
  serviceCidrs: (text) => ({ ...good, serviceCidrs: [text] }),
  owner: (text) => ({ ...good, owner: text }),
  healInterval: (text) => ({ ...good, healInterval: text }),
  machinesFile: (text) => ({ ssh, machinesFile: `${directory}/none/${text}` }),
  "a key of the whole": (text) => ({ ...good, [text]: "x" }),
  "ssh.user": (text) => withSsh({ user: text }),
  "ssh.bastion.host": (text) => withSsh({ bastion: { host: text } }),
  "ssh.hostKeys": (text) => withSsh({ hostKeys: { "node-0": text } }),
  "a key of ssh.hostKeys": (text) => withSsh({ hostKeys: { [text]: key } }),
  "ssh.knownHostsFile": (text) =>
    withSsh({ knownHostsFile: `${directory}/none/${text}` }),
  "ssh.privateKey": (text) => withSsh({ privateKey: text }),
  "ssh.privateKeyFile": (text) =>
    withSsh({ privateKeyFile: `${directory}/none/${text}` }),
  "a key of ssh": (text) => withSsh({ [text]: "x" }),
};

// What a host may be told, and nothing else: hostPodRoutes.sh reads these lines.
const fact =
  /^(owner [\w.-]+|node [a-z0-9.-]+ [a-z0-9.:-]+|adopt (yes|no)|heal \d+|forward [46]|route [0-9a-f.:]+\/\d+ via [0-9a-f.:]+|hosts [0-9a-f.:]+ [a-z0-9.-]+)$/;

/** The input is refused in words that fit a terminal, or what reaches a host is well formed. */
function refusedOrHarmless(args: object): void {
  let plan: ReturnType<typeof readHostArgs>;
  try {
    plan = readHostArgs(args);
  } catch (error) {
    assert.ok(error instanceof FaultsError, String(error));
    const lines = error.message.split("\n");
    assert.equal(lines.length, error.faults.length + 1);
    for (const line of lines) {
      assert.doesNotMatch(line, /\p{Cc}/u);
      assert.ok(line.length < 1000, `a line of ${line.length} characters`);
    }
    return;
  }
  const { owner = "o", adoptExisting, healInterval, cluster } = plan;
  for (const node of cluster) {
    const given = { owner, adoptExisting, healInterval };
    const input = inputOf(node, cluster, given);
    const lines = input.split("\n");
    assert.deepEqual(lines.slice(-2), ["end", ""]);
    for (const line of lines.slice(0, -2)) {
      assert.match(line, fact);
    }
  }
}

test("good input is accepted", () => {
  assert.equal(readHostArgs(good).cluster.length, 2);
});

for (const [place, inputWith] of Object.entries(places)) {
  test(`any text in ${place} is refused in plain words, or does no harm`, () => {
    for (const text of nasty) {
      refusedOrHarmless(inputWith(text));
    }
    fc.assert(
      fc.property(anyText, (text) => refusedOrHarmless(inputWith(text))),
    );
  });
}

test("any text for a machines.txt is read or refused, without another error", () => {
  const line = fc
    .array(fc.oneof(anyText, fc.constantFrom("10.0.0.1", "a", "10.1.0.0/24")))
    .map((words) => words.join(" "));
  const files = fc.array(line).map((lines) => lines.join("\n"));
  const read = (text: string) => {
    const faults = new Faults();
    const machines = readMachines(text, "machines.txt", faults);
    for (const { path, message } of faults.all) {
      assert.match(path, /^machines\.txt(:\d+( [A-Z0-9_]+(\[0\])?)?)?$/);
      assert.doesNotMatch(message, /\p{Cc}/u);
    }
    for (const { name, address } of machines) {
      assert.match(`node ${name} ${address}`, fact);
    }
  };
  nasty.forEach(read);
  fc.assert(fc.property(files, read));
});

test("any JSON for the whole input is refused or harmless", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      refusedOrHarmless({ ...good, nodes: a });
      refusedOrHarmless({ ...good, nodes: [a, b], nodeSubnets: b });
      refusedOrHarmless(withSsh({ hostKeys: a, bastion: b }));
    }),
  );
});
