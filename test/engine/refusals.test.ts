import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import type { Stack } from "../../lab/stack.ts";
import { says, up, upFails } from "../stacks.ts";
import {
  assertSame,
  type Config,
  Scenario,
  type TestNode,
  workerHosts,
  workers,
} from "./scenario.ts";

function nodes(
  ...changed: (Partial<TestNode> & { role?: string })[]
): TestNode[] {
  return workers(3).map((node, i) => ({ ...node, ...changed[i] }));
}

const networks = {
  nodeSubnets: ["10.240.0.0/24"],
  serviceCidrs: ["10.32.0.0/24"],
};

/** Bad configurations, each with the messages of one preview. */
const table: Record<string, [Config, ...RegExp[]]> = {
  "a pod CIDR with host bits set": [
    { nodes: nodes({ podCidrs: ["10.200.0.5/24"] }) },
    /nodes\[0\]\.podCidrs\[0\]: "10\.200\.0\.5\/24" has host bits set, the canonical form is 10\.200\.0\.0\/24/,
  ],
  "one pod CIDR twice and one inside another": [
    {
      nodes: nodes(
        {},
        { podCidrs: ["10.200.0.0/24"] },
        { podCidrs: ["10.200.0.128/25"] },
      ),
    },
    /nodes\[1\]: pod CIDR "10\.200\.0\.0\/24" is also that of worker-0/,
    /nodes\[2\]: pod CIDR "10\.200\.0\.128\/25" overlaps 10\.200\.0\.0\/24 of worker-0/,
  ],
  "pod CIDRs in the node subnet and in the service CIDR": [
    {
      ...networks,
      nodes: nodes(
        { podCidrs: ["10.240.0.128/25"] },
        { podCidrs: ["10.32.0.0/25"] },
      ),
    },
    /overlaps the node subnet 10\.240\.0\.0\/24/,
    /overlaps the service CIDR 10\.32\.0\.0\/24/,
  ],
  "a next hop outside the node subnet, and its network address as one": [
    {
      ...networks,
      nodes: nodes({ internalIp: "10.250.0.20" }, { internalIp: "10.240.0.0" }),
    },
    /next hop "10\.250\.0\.20" of worker-0 is outside the node subnets 10\.240\.0\.0\/24/,
    /is the network address of 10\.240\.0\.0\/24/,
  ],
  "a name and an address twice": [
    { nodes: nodes({}, { name: "worker-0" }, { internalIp: "10.240.0.20" }) },
    /name "worker-0" is taken by worker-0/,
    /internal IP "10\.240\.0\.20" is taken by worker-0/,
  ],
  "names that are no host names": [
    {
      nodes: nodes(
        { name: "$(reboot)" },
        { name: "a\nroute 0.0.0.0/0 via 10.240.0.9" },
        { name: "-oProxyCommand=x" },
      ),
    },
    /nodes\[0\]\.name: "\$\(reboot\)" is not a host name/,
    /nodes\[1\]\.name: "a\\nroute/,
    /nodes\[2\]\.name: "-oProxyCommand=x"/,
  ],
  "unknown keys": [
    { nodes: nodes(), nodeSubnet: ["10.240.0.0/24"] },
    /nodeSubnet: is not a known key, did you mean nodeSubnets\?/,
  ],
  "shell in addresses": [
    {
      nodes: nodes(
        { internalIp: "10.240.0.20;reboot" },
        { podCidrs: ["`id`"] },
      ),
    },
    /nodes\[0\]\.internalIp: "10\.240\.0\.20;reboot" is not an IP address/,
    /nodes\[1\]\.podCidrs\[0\]: "`id`" is not a CIDR/,
  ],
  "a key file that is not there": [
    { nodes: nodes(), ssh: { privateKeyFile: "~/.ssh/nowhere" } },
    /ssh\.privateKeyFile: file "~\/\.ssh\/nowhere" does not exist/,
  ],
  "no host key": [
    { nodes: nodes({ internalIp: "10.240.0.99" }) },
    /nodes\[0\]: no .* host key of worker-0 .*ssh-keyscan -t ed25519,ecdsa 10\.240\.0\.99 >> ~\/\.ssh\/known_hosts/,
  ],
  "an unknown target": [
    { nodes: nodes(), target: "azure" },
    /target: "azure" is not a target/,
  ],
  "a private key in the clear": [
    { nodes: nodes(), ssh: { privateKey: "-----BEGIN" } },
    /ssh\.privateKey: stands in the clear in the stack's file, store it with: pulumi config set --secret/,
  ],
};

/** The same for contents of machines.txt. */
const files: Record<string, [string, ...RegExp[]]> = {
  "a missing column": [
    "10.240.0.20 worker-0\n10.240.0.21 w.k.l worker-1 10.200.1.0/24\n",
    /:1: "10\.240\.0\.20 worker-0" has 2 columns, expected IPV4 FQDN HOST/,
  ],
  "a tab": ["10.240.0.20\tw.k.l worker-0 10.200.0.0/24\n", /:1: .* has a tab/],
  "Windows line ends and a byte order mark": [
    "\ufeff10.240.0.20 w.k.l worker-0 10.200.0.7/24\r\n",
    /:1: starts with a byte order mark/,
    /has Windows line ends/,
    /:1 POD_SUBNET: "10\.200\.0\.7\/24" has host bits set/,
  ],
  "nothing in it": ["", /lists no machine/],
};

describe("bad input", () => {
  const scenario = new Scenario(workerHosts(3));
  let stack: Stack;
  let untouched: string;

  before(async () => {
    stack = await scenario.stack("bad", { nodes: nodes() });
    untouched = await scenario.everything("worker-0");
  });

  const refused = async (config: Config, messages: RegExp[]) => {
    scenario.configure(stack, config);
    const output = says(await stack.pulumi(["preview"]));
    for (const message of messages) {
      assert.match(output, message);
    }
    assert.match(output, /nothing was changed/);
    assert.doesNotMatch(output, /\n\s+at .*\(/, "a stack trace");
  };

  for (const [what, [config, ...messages]] of Object.entries(table)) {
    it(`with ${what} is refused at preview`, () => refused(config, messages));
  }

  for (const [what, [content, ...messages]] of Object.entries(files)) {
    it(`of machines.txt with ${what} is refused at preview`, async () => {
      const machinesFile = join(stack.directory, "machines.txt");
      writeFileSync(machinesFile, content);
      await refused({ machinesFile }, messages);
    });
  }

  it("is refused by up as well, and no host is touched", async () => {
    scenario.configure(stack, {
      nodes: nodes({ podCidrs: ["10.200.0.5/24"] }),
    });
    assert.match(await upFails(stack), /has host bits set/);
    assertSame(await scenario.everything("worker-0"), untouched);
  });

  it("of YAML that refers to itself a billion times is refused at preview", async () => {
    const lines = Array.from(
      { length: 9 },
      (_, i) => `  - &l${i + 1} [${Array(9).fill(`*l${i}`).join(", ")}]`,
    );
    stack.configure(
      `config:\n  pod-network-routes:nodes:\n  - &l0 [lol]\n${lines.join("\n")}\n`,
    );
    assert.match(says(await stack.pulumi(["preview"])), /alias/);
  });

  it("of a host key that does not match is refused, by preview and by up, before any host is touched", async () => {
    const { hostKey } = scenario.lab.host("worker-1");
    const ssh = { ...scenario.ssh, hostKeys: { "worker-0": hostKey } };
    scenario.configure(stack, { nodes: nodes(), ssh });
    assert.match(
      says(await stack.pulumi(["preview"])),
      /host keys do not match; nothing was changed\n.*worker-0 \(10\.240\.0\.20\): its host key is ssh-ed25519 /,
    );
    const output = await upFails(stack);
    assert.match(output, /host keys do not match/);
    assert.doesNotMatch(output, /\n\s+at .*\(/, "a stack trace");
    assertSame(await scenario.everything("worker-0"), untouched);
    assert.deepEqual(await scenario.table("worker-1"), []);
  });
});

describe("a host that does not answer", () => {
  const scenario = new Scenario(workerHosts(3));
  const routes = (...to: number[]) =>
    to.map((i) => `10.200.${i}.0/24 via 10.240.0.${20 + i} dev eth0`);
  let stack: Stack;

  it("holds up no other: they converge, the run fails and names it", async () => {
    await scenario.lab.kill("worker-0");
    stack = await scenario.stack("dead", { nodes: nodes() });
    assert.match(
      await stack.must(["preview"]),
      /no answer from worker-0 \(10\.240\.0\.20\)/,
    );
    // one at a time, and the dead one is the first of the inventory: the others must not wait for it
    const output = await upFails(stack, "--parallel", "1");
    assert.match(
      output,
      /routes-worker-0@10\.240\.0\.20 \*\*creating failed\*\*/,
    );
    assert.deepEqual(await scenario.table("worker-1"), routes(0, 2));
    assert.deepEqual(await scenario.table("worker-2"), routes(0, 1));
  });

  it("is made by the next up, once it is back", async () => {
    await scenario.lab.revive("worker-0");
    const output = await up(stack);
    assert.match(output, /routes-worker-0@10\.240\.0\.20 created/);
    assert.match(output, /1 created/);
    assert.deepEqual(await scenario.table("worker-0"), routes(1, 2));
  });
});

describe("a host that takes connections and says nothing", () => {
  const scenario = new Scenario(workerHosts(3));

  it("holds up no other, and is made by the next up", async () => {
    scenario.lab.freeze("worker-0");
    const stack = await scenario.stack("silent", { nodes: nodes() });
    assert.match(
      await stack.must(["preview"]),
      /no answer from worker-0 .*Timed out/,
    );
    const output = await upFails(stack, "--parallel", "1");
    assert.match(output, /routes-worker-0@10\.240\.0\.20 \*\*creating failed/);
    assert.equal((await scenario.table("worker-2")).length, 2);
    scenario.lab.thaw("worker-0");
    await up(stack);
    assert.equal((await scenario.table("worker-0")).length, 2);
  });
});

describe("a next hop that a host cannot reach", () => {
  const scenario = new Scenario(workerHosts(3));

  it("is named, the other routes are set, and the next up fixes it", async () => {
    const offLink = { internalIp: "172.16.0.5", address: "10.240.0.21" };
    const stack = await scenario.stack("off-link", {
      nodes: nodes({}, offLink),
    });
    const output = await upFails(stack);
    assert.match(
      output,
      /pod-network-routes: route replace 10\.200\.1\.0\/24 via 172\.16\.0\.5 proto 173: .*(unreachable|invalid gateway)/,
    );
    assert.deepEqual(await scenario.table("worker-0"), [
      "10.200.2.0/24 via 10.240.0.22 dev eth0",
    ]);
    scenario.configure(stack, { nodes: nodes() });
    await up(stack);
    assert.deepEqual(await scenario.table("worker-0"), [
      "10.200.1.0/24 via 10.240.0.21 dev eth0",
      "10.200.2.0/24 via 10.240.0.22 dev eth0",
    ]);
  });
});
