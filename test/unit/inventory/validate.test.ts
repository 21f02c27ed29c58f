import assert from "node:assert/strict";
import { test } from "node:test";
import { Faults } from "../../../components/core/faults.ts";
import { validate } from "../../../components/inventory/validate.ts";
import { cidr, nodes, validated, worker } from "../clusterFaults.ts";

const node0 = worker("node-0", "10.240.0.20", "10.200.0.0/24");
const node1 = worker("node-1", "10.240.0.21", "10.200.1.0/24");

test("a good cluster has no fault", () => {
  const cluster = nodes(node0, node1, {
    name: "server",
    internalIp: "10.240.0.10",
  });
  assert.deepEqual(
    validated(cluster, {
      nodeSubnets: [cidr("10.240.0.0/24")],
      serviceCidrs: [cidr("10.32.0.0/24")],
    }),
    [],
  );
});

test("a cluster without a pod CIDR has nothing to route", () => {
  assert.deepEqual(
    validated(nodes({ name: "server", internalIp: "10.240.0.10" })),
    ["nodes: no node has a pod CIDR, so there is nothing to route"],
  );
});

for (const [what, second, expected] of [
  [
    "name",
    { ...node1, name: "node-0" },
    'name "node-0" is taken by node-0 (nodes[0]), each node needs its own',
  ],
  [
    "internal IP",
    { ...node1, internalIp: "10.240.0.20", address: "b" },
    'internal IP "10.240.0.20" is taken by node-0 (nodes[0]), each node needs its own',
  ],
  [
    "SSH address",
    { ...node1, address: "10.240.0.20" },
    'SSH address "10.240.0.20" is taken by node-0 (nodes[0]), each node needs its own',
  ],
  [
    "pod CIDR",
    { ...node1, podCidrs: ["10.200.0.0/24"] },
    'pod CIDR "10.200.0.0/24" is also that of node-0 (nodes[0]), pod CIDRs must not overlap',
  ],
] as const) {
  test(`two nodes of one ${what} are a fault that names both`, () => {
    const cluster = nodes(node0, {
      ...second,
      podCidrs: [...(second.podCidrs ?? [])],
    });
    assert.deepEqual(validated(cluster), [`nodes[1]: ${expected}`]);
  });
}

test("one internal IP in two spellings is still one", () => {
  const found = validated(
    nodes(worker("a", "fd00::20", "fd00:200::/64"), {
      ...worker("b", "FD00:0::20", "fd00:201::/64"),
      address: "b",
    }),
  );
  assert.deepEqual(found, [
    'nodes[1]: internal IP "fd00::20" is taken by a (nodes[0]), each node needs its own',
  ]);
});

test("a pod CIDR inside another is a fault that names both", () => {
  const cluster = nodes(
    worker("inner", "10.240.0.20", "10.200.7.0/24"),
    worker("outer", "10.240.0.21", "10.200.0.0/16"),
  );
  assert.deepEqual(validated(cluster), [
    'nodes[0]: pod CIDR "10.200.7.0/24" overlaps 10.200.0.0/16 of outer (nodes[1]), pod CIDRs must not overlap',
  ]);
});

test("every pod CIDR inside a larger one is found, though others lie between", () => {
  const cluster = nodes(
    worker("outer", "10.240.0.20", "10.200.0.0/16"),
    worker("a", "10.240.0.21", "10.200.1.0/24"),
    worker("b", "10.240.0.22", "10.200.9.0/24"),
    worker("apart", "10.240.0.23", "10.201.0.0/24"),
  );
  assert.deepEqual(
    validated(cluster).map((fault) => fault.split(":")[0]),
    ["nodes[1]", "nodes[2]"],
  );
});

test("pod CIDRs that touch do not overlap", () => {
  const cluster = nodes(
    worker("a", "10.240.0.20", "10.200.0.0/25"),
    worker("b", "10.240.0.21", "10.200.0.128/25"),
  );
  assert.deepEqual(validated(cluster), []);
});

test("a pod CIDR that overlaps the node subnet is a fault", () => {
  const found = validated(nodes(node0), {
    nodeSubnets: [cidr("10.192.0.0/10")],
  });
  assert.deepEqual(found, [
    'nodes[0]: pod CIDR "10.200.0.0/24" of node-0 overlaps the node subnet 10.192.0.0/10',
  ]);
});

test("a pod CIDR that overlaps a service CIDR is a fault", () => {
  const found = validated(nodes(node0, node1), {
    serviceCidrs: [cidr("10.32.0.0/24"), cidr("10.200.1.128/25")],
  });
  assert.deepEqual(found, [
    'nodes[1]: pod CIDR "10.200.1.0/24" of node-1 overlaps the service CIDR 10.200.1.128/25',
  ]);
});

/** What validation says of a worker with this internal IP, where this is the node subnet. */
const nextHopIn = (subnet: string, ip: string) =>
  validated(nodes(worker("a", ip, "10.200.0.0/24")), {
    nodeSubnets: [cidr(subnet)],
  });

for (const [ip, subnet, expected] of [
  ["10.241.0.20", "10.240.0.0/24", "is outside the node subnets 10.240.0.0/24"],
  ["10.240.0.0", "10.240.0.0/24", "is the network address of 10.240.0.0/24"],
  [
    "10.240.0.255",
    "10.240.0.0/24",
    "is the broadcast address of 10.240.0.0/24",
  ],
  [
    "10.240.0.23",
    "10.240.0.20/30",
    "is the broadcast address of 10.240.0.20/30",
  ],
] as const) {
  test(`the next hop ${ip} ${expected}`, () => {
    assert.deepEqual(nextHopIn(subnet, ip), [
      `nodes[0]: next hop "${ip}" of a ${expected}`,
    ]);
  });
}

for (const [ip, subnet, why] of [
  ["10.240.0.1", "10.240.0.0/24", "the first address after the network's"],
  ["10.240.0.254", "10.240.0.0/24", "the last address before the broadcast's"],
  ["10.240.0.20", "10.240.0.20/31", "RFC 3021: a /31 has no network address"],
  ["10.240.0.21", "10.240.0.20/31", "RFC 3021: a /31 has no broadcast address"],
  ["10.240.0.20", "10.240.0.20/32", "a /32 is one address"],
  ["10.240.0.20", "fd00::/64", "subnets of the other family say nothing of it"],
] as const) {
  test(`the next hop ${ip} in ${subnet} is fine: ${why}`, () => {
    assert.deepEqual(nextHopIn(subnet, ip), []);
  });
}

test("IPv6 has no broadcast address, and the lowest one of a subnet is not forbidden", () => {
  const cluster = nodes(
    worker("a", "fd00::", "fd01:200::/64"),
    worker("b", "fd00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fd01:201::/64"),
  );
  assert.deepEqual(
    validated(cluster, { nodeSubnets: [cidr("fd00::/16")] }),
    [],
  );
});

test("a next hop may be in any of several node subnets, and all are named if it is in none", () => {
  const nodeSubnets = [cidr("10.240.0.0/24"), cidr("10.241.0.0/24")];
  const cluster = nodes(
    worker("a", "10.241.0.20", "10.200.0.0/24"),
    worker("b", "10.242.0.20", "10.200.1.0/24"),
  );
  assert.deepEqual(validated(cluster, { nodeSubnets }), [
    'nodes[1]: next hop "10.242.0.20" of b is outside the node subnets 10.240.0.0/24, 10.241.0.0/24',
  ]);
});

test("a host without an address of a route's family cannot reach its next hop", () => {
  const cluster = nodes(
    worker("six", "fd00::20", "fd00:200::/64"),
    { name: "both", internalIp: ["10.240.0.21", "fd00::21"] },
    { name: "four", internalIp: "10.240.0.22" },
  );
  assert.deepEqual(validated(cluster), [
    "nodes[2]: four has no IPv6 internal IP and cannot reach the IPv6 pods of six, add one",
  ]);
});

test("IPv4 workers and IPv6 workers cannot be in one cluster", () => {
  const cluster = nodes(
    worker("four", "10.240.0.20", "10.200.0.0/24"),
    worker("six", "fd00::20", "fd00:200::/64"),
  );
  assert.deepEqual(validated(cluster), [
    "nodes[1]: six has no IPv4 internal IP and cannot reach the IPv4 pods of four, add one",
    "nodes[0]: four has no IPv6 internal IP and cannot reach the IPv6 pods of six, add one",
  ]);
});

test("every internal IP inside a pod CIDR is a fault, whichever node has it", () => {
  const cluster = nodes(
    worker("a", "10.200.0.0", "10.200.0.0/24"),
    worker("b", "10.200.0.255", "10.200.2.0/24"),
    worker("c", "10.200.1.0", "10.200.3.0/24"),
  );
  const cut = (ip: string, name: string) =>
    `nodes[0]: pod CIDR "10.200.0.0/24" of a contains the internal IP ${ip} of ${name}: its route would cut that node off`;
  assert.deepEqual(validated(cluster), [
    cut("10.200.0.0", "a"),
    cut("10.200.0.255", "b"),
  ]);
});

test("an IPv6 internal IP inside a pod CIDR is found among IPv4 ones", () => {
  const cluster = nodes(
    worker("a", ["10.240.0.20", "fd00::20"], "10.200.0.0/24", "fd00::/112"),
    worker("b", ["10.240.0.21", "fd01::21"], "10.200.1.0/24"),
  );
  assert.deepEqual(validated(cluster), [
    'nodes[0]: pod CIDR "fd00::/112" of a contains the internal IP fd00::20 of a: its route would cut that node off',
  ]);
});

test("all faults between nodes are found at once", () => {
  const cluster = nodes(
    node0,
    { ...node1, name: "node-0", podCidrs: ["10.200.0.128/25"] },
    worker("far", "10.241.0.20", "10.32.0.0/25"),
  );
  const found = validated(cluster, {
    nodeSubnets: [cidr("10.240.0.0/24")],
    serviceCidrs: [cidr("10.32.0.0/24")],
  });
  assert.deepEqual(
    found.map(
      (fault) => /name|overlaps (?:the service|10)|outside/.exec(fault)?.[0],
    ),
    ["name", "overlaps 10", "overlaps the service", "outside"],
  );
});

test("a node that was left out for a fault is not said to be missing", () => {
  const faults = new Faults();
  faults.add("nodes[0].podCidrs[0]", "is wrong");
  validate(
    nodes({ name: "server", internalIp: "10.240.0.10" }),
    { nodeSubnets: [], serviceCidrs: [] },
    "nodes",
    faults,
  );
  assert.equal(faults.all.length, 1);
});
