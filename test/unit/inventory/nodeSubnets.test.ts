import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCidrs } from "../../../components/core/cidr.ts";
import { Faults } from "../../../components/core/faults.ts";
import { inDifferentSubnets } from "../../../components/inventory/nodeSubnets.ts";
import { readNodes } from "../../../components/inventory/nodes.ts";

const said = (subnets: string[], ...internalIps: (string | string[])[]) => {
  const faults = new Faults();
  const nodes = internalIps.map((internalIp, i) => ({
    name: `node-${i}`,
    internalIp,
  }));
  const read = readNodes(nodes, "nodes", faults);
  assert.deepEqual(faults.all, []);
  return inDifferentSubnets(read, parseCidrs(subnets));
};

test("nodes in one subnet can be each other's next hop", () => {
  const subnets = ["10.240.0.0/24", "10.241.0.0/24"];
  assert.equal(said(subnets, "10.241.0.1", "10.241.0.2"), undefined);
});

test("without node subnets, nodes are never said to be in different ones", () => {
  assert.equal(said([], "10.240.0.1", "10.241.0.2"), undefined);
});

test("nodes in different subnets are named", () => {
  assert.equal(
    said(
      ["10.240.0.0/24", "10.241.0.0/24"],
      ...["10.240.0.1", "10.240.0.2", "10.241.0.2"],
    ),
    "node-0 is in 10.240.0.0/24 and node-2 in 10.241.0.0/24",
  );
});

test("each address family is compared on its own", () => {
  const subnets = ["10.240.0.0/24", "fd00:1::/64", "fd00:2::/64"];
  assert.equal(
    said(subnets, ["10.240.0.1", "fd00:1::1"], ["10.240.0.2", "fd00:2::1"]),
    "node-0 is in fd00:1::/64 and node-1 in fd00:2::/64",
  );
});
