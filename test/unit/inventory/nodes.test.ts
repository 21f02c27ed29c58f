import assert from "node:assert/strict";
import { test } from "node:test";
import { Faults } from "../../../components/core/faults.ts";
import { readNodes } from "../../../components/inventory/nodes.ts";
import { faultsOf, nodes, worker } from "../clusterFaults.ts";

const good = worker("node-0", "10.240.0.20", "10.200.0.0/24");

function faultsOfNodes(value: unknown): string[] {
  return faultsOf((faults) => readNodes(value, "nodes", faults));
}

test("a node with a pod CIDR is a worker, one without is a controller", () => {
  const roles = nodes(good, { name: "server", internalIp: "10.240.0.10" }).map(
    (node) => node.role,
  );
  assert.deepEqual(roles, ["worker", "controller"]);
});

test("a controller may have a pod CIDR", () => {
  const [node] = nodes({ ...good, role: "controller" });
  assert.equal(node?.role, "controller");
  assert.deepEqual(
    node?.podCidrs.map(({ text }) => text),
    ["10.200.0.0/24"],
  );
});

test("a node is reached at its first internal IP unless it names another address", () => {
  const addresses = nodes(
    { name: "a", internalIp: ["fd00::20", "10.240.0.20"] },
    { name: "b", internalIp: "10.240.0.21", address: "b.example.org" },
    { name: "c", internalIp: "10.240.0.22", address: "192.0.2.7" },
  ).map((node) => node.address);
  assert.deepEqual(addresses, ["fd00::20", "b.example.org", "192.0.2.7"]);
});

test("addresses are kept in canonical form", () => {
  const [node] = nodes({
    ...good,
    internalIp: ["10.240.0.20", "FD00:0:0::20"],
    address: "FD00:0:0::20",
  });
  assert.deepEqual(
    node?.internalIps.map(({ text }) => text),
    ["10.240.0.20", "fd00::20"],
  );
  assert.equal(node?.address, "fd00::20");
});

test("a dual-stack node has one address and one pod CIDR a family", () => {
  const ips = ["10.240.0.20", "fd00::20"];
  const [node] = nodes(worker("a", ips, "10.200.0.0/24", "fd00:200::/64"));
  assert.equal(node?.internalIps.length, 2);
  assert.equal(node?.podCidrs.length, 2);
});

test("a name of digits and dots is a name, as Kubernetes has it", () => {
  assert.equal(nodes({ ...good, name: "10.240.0.20" })[0]?.name, "10.240.0.20");
});

const notAHostName =
  'is not a host name, allowed are lower-case letters, digits, "-" and "." (RFC 1123), at most 63 characters between dots';
const notAnAddress =
  "is not an IP address, expected for example 10.240.0.20 or fd00::20";

for (const [what, change, ...expected] of [
  [
    "an unknown key",
    { podCIDRs: [] },
    "podCIDRs: is not a known key, did you mean podCidrs? Known keys: name, internalIp, podCidrs, role, address, aliases",
  ],
  ["no name", { name: undefined }, "name: is missing"],
  ["an empty name", { name: "" }, `name: "" ${notAHostName}`],
  ["a name in capitals", { name: "Node-0" }, `name: "Node-0" ${notAHostName}`],
  ["a name with a space", { name: "node 0" }, `name: "node 0" ${notAHostName}`],
  [
    "a name with a line end",
    { name: "node-0\n" },
    `name: "node-0\\n" ${notAHostName}`,
  ],
  [
    "a name that ends in a hyphen",
    { name: "node-" },
    `name: "node-" ${notAHostName}`,
  ],
  [
    "a name with an empty label",
    { name: "node..a" },
    `name: "node..a" ${notAHostName}`,
  ],
  ["a number for a name", { name: 7 }, "name: 7 is not of type string"],
  ["no internal IP", { internalIp: undefined }, "internalIp: is missing"],
  [
    "an empty list of internal IPs",
    { internalIp: [] },
    "internalIp: [] is not allowed: expected an address, or a list of one IPv4 and one IPv6 address",
  ],
  [
    "three internal IPs",
    { internalIp: ["a", "b", "c"] },
    'internalIp: ["a","b","c"] is not allowed: expected an address, or a list of one IPv4 and one IPv6 address',
  ],
  [
    "a host name for an internal IP",
    { internalIp: "node-0" },
    `internalIp: "node-0" ${notAnAddress}`,
  ],
  [
    "an octal internal IP",
    { internalIp: "010.240.0.20" },
    `internalIp: "010.240.0.20" ${notAnAddress}`,
  ],
  [
    "a mapped internal IP",
    { internalIp: "::ffff:10.240.0.20" },
    'internalIp: "::ffff:10.240.0.20" is an IPv4-mapped IPv6 address, write 10.240.0.20',
  ],
  [
    "a loopback internal IP",
    { internalIp: "127.0.0.1" },
    'internalIp: "127.0.0.1" is in the loopback range, a next hop needs an address of the node network',
  ],
  [
    "a multicast internal IP",
    { internalIp: "224.0.0.5" },
    'internalIp: "224.0.0.5" is in the multicast range, a next hop needs an address of the node network',
  ],
  [
    "the unspecified internal IP",
    { internalIp: "0.0.0.0" },
    'internalIp: "0.0.0.0" is in the unspecified range, a next hop needs an address of the node network',
  ],
  [
    "a link-local internal IP",
    { internalIp: ["10.240.0.20", "fe80::1"] },
    'internalIp[1]: "fe80::1" is in the link-local range, a next hop needs an address of the node network',
  ],
  [
    "two internal IPs of one family",
    { internalIp: ["10.240.0.20", "10.240.0.21"] },
    "internalIp: 10.240.0.20 and 10.240.0.21 are both IPv4, a node has one internal IP an address family",
  ],
  [
    "host bits in a pod CIDR",
    { podCidrs: ["10.200.0.7/24"] },
    'podCidrs[0]: "10.200.0.7/24" has host bits set, the canonical form is 10.200.0.0/24',
  ],
  [
    "a pod CIDR that is most of the address space",
    { podCidrs: ["0.0.0.0/1"] },
    'podCidrs[0]: "0.0.0.0/1" is too large, the shortest prefix allowed is /8',
  ],
  [
    "an IPv6 pod CIDR that is too large",
    { podCidrs: ["fc00::/7"] },
    'podCidrs[0]: "fc00::/7" is too large, the shortest prefix allowed is /16',
  ],
  [
    "two pod CIDRs of one family",
    { podCidrs: ["10.200.0.0/24", "10.200.1.0/24"] },
    "podCidrs: 10.200.0.0/24 and 10.200.1.0/24 are both IPv4, a node has one pod CIDR an address family",
  ],
  [
    "three pod CIDRs",
    { podCidrs: ["a", "b", "c"] },
    'podCidrs: ["a","b","c"] is not allowed: a node has at most one pod CIDR an address family',
  ],
  [
    "text for the pod CIDRs",
    { podCidrs: "10.200.0.0/24" },
    'podCidrs: "10.200.0.0/24" is not of type array',
  ],
  [
    "an IPv6 pod CIDR behind an IPv4 address",
    { podCidrs: ["fd00:200::/64"] },
    'internalIp: pod CIDR "fd00:200::/64" is IPv6 and "10.240.0.20" is not: a route needs a next hop of its own family, add an IPv6 internal IP',
  ],
  [
    "a worker without a pod CIDR",
    { role: "worker", podCidrs: [] },
    "podCidrs: node-0 is a worker and has no pod CIDR, give it one, for example [10.200.0.0/24]",
  ],
  [
    "an unknown role",
    { role: "master" },
    'role: "master" is not allowed, expected "worker" or "controller"',
  ],
  [
    "a loopback pod CIDR",
    { podCidrs: ["127.0.0.0/24"] },
    'podCidrs[0]: "127.0.0.0/24" is in the loopback range, where no pod can have an address',
  ],
  [
    "a multicast pod CIDR",
    { podCidrs: ["224.0.0.0/24"] },
    'podCidrs[0]: "224.0.0.0/24" is in the multicast range, where no pod can have an address',
  ],
  [
    "an address that is no host name",
    { address: "root@node-0" },
    `address: "root@node-0" ${notAHostName}`,
  ],
  [
    "an address that a resolver would read as octal",
    { address: "010.240.0.20" },
    `address: "010.240.0.20" ${notAnAddress}`,
  ],
  [
    "an address that a resolver would complete",
    { address: "10.1" },
    `address: "10.1" ${notAnAddress}`,
  ],
  [
    "an alias that is no host name",
    { aliases: ["node-0", "*"] },
    `aliases[1]: "*" ${notAHostName}`,
  ],
] as const) {
  test(`${what} is a fault`, () => {
    assert.deepEqual(
      faultsOfNodes([{ ...good, ...change }]),
      expected.map((fault) => `nodes[0].${fault}`),
    );
  });
}

for (const value of ["nodes", { name: "a" }, 5, null]) {
  test(`${JSON.stringify(value)} is no list of nodes`, () => {
    assert.deepEqual(faultsOfNodes(value), [
      `nodes: ${JSON.stringify(value)} is not of type array`,
    ]);
  });
}

test("an entry that is no object is a fault", () => {
  assert.deepEqual(faultsOfNodes([good, "node-1"]), [
    'nodes[1]: "node-1" is not of type object',
  ]);
});

test("all faults of all nodes are found at once", () => {
  const found = faultsOfNodes([
    {
      name: "A",
      internalIp: "x",
      podCidrs: ["y"],
      address: "!",
      aliases: ["?"],
    },
    good,
    { nme: "b" },
  ]);
  assert.deepEqual(
    found.map((fault) => fault.split(": ")[0]),
    [
      "nodes[0].name",
      "nodes[0].internalIp",
      "nodes[0].podCidrs[0]",
      "nodes[0].address",
      "nodes[0].aliases[0]",
      "nodes[2].name",
      "nodes[2].internalIp",
      "nodes[2].nme",
    ],
  );
});

test("a node with a fault is left out, the others are read", () => {
  const both = [{ ...good, name: "A" }, good];
  const read = readNodes(both, "nodes", new Faults());
  assert.deepEqual(
    read.map((node) => node.name),
    ["node-0"],
  );
});

test("a label of 63 characters and a name of 253 are the longest allowed", () => {
  const label = "a".repeat(63);
  const longest = [label, label, label, "a".repeat(61)].join(".");
  assert.equal(longest.length, 253);
  assert.deepEqual(faultsOfNodes([{ ...good, name: longest }]), []);
  assert.equal(faultsOfNodes([{ ...good, name: `${longest}a` }]).length, 1);
  assert.equal(faultsOfNodes([{ ...good, name: `${label}a` }]).length, 1);
});
