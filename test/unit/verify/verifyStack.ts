import assert from "node:assert/strict";
import { hostInput } from "../../../components/hosts/hostInput.ts";
import { convergeCommand } from "../../../components/hosts/hostScript.ts";
import { isOdd, readHostState } from "../../../components/hosts/hostState.ts";
import { routeTable } from "../../../components/inventory/routeTable.ts";
import type { StackResource } from "../../../components/verify/exportedState.ts";
import { nodes, worker } from "../clusterFaults.ts";

const cluster = nodes(
  worker("node-0", ["10.240.0.20"], "10.200.0.0/24"),
  worker("node-1", ["10.240.0.21"], "10.200.1.0/24"),
  worker("node-2", ["10.240.0.22"], "10.200.2.0/24"),
);
export const table = routeTable(cluster);
const [node] = cluster;
assert.ok(node);

const stdin = hostInput({
  ...{ owner: "p.prod.routes", node, adoptExisting: false },
  ...{ healInterval: 10, named: cluster, table },
  routes: table.filter((route) => route.node !== "node-0"),
});
const urn = "urn:pulumi:prod::p::Command::routes-node-0";

/** What a stack's state says of the command on node-0, with these inputs in place of its own. */
export function commandOf(inputs: Record<string, unknown> = {}): StackResource {
  return {
    ...{ urn, type: "command:remote:Command", parent: "urn:routes" },
    inputs: {
      connection: { host: "10.240.0.20", user: "ops" },
      ...{ create: convergeCommand(true), stdin, ...inputs },
    },
    outputs: {},
  };
}

/** The lines of its standard input. */
export const facts: readonly string[] = stdin.trim().split("\n");

const read = readHostState(commandOf(), new Map());
assert.ok(!isOdd(read));
export const host = read;

/** What a host says that is as it should be. */
export const good: readonly string[] = [
  "looked",
  "route 10.200.1.0/24 via 10.240.0.21 dev eth0 proto 173 ",
  "route 10.200.2.0/24 via 10.240.0.22 dev eth0 proto 173 ",
  ...["address 10.240.0.20/24", "address 10.200.0.1/24"],
  ...["21", "22"].map((n) => `hop 10.240.0.${n} 10.240.0.${n} dev eth0`),
  "get 10.200.1.0/24 10.200.1.0 via 10.240.0.21 dev eth0",
  "get 10.200.2.0/24 10.200.2.0 via 10.240.0.22 dev eth0",
  ...["forward ipv4 1", "rp_filter all 0", "rp_filter eth0 2"],
  "recorded 10.200.1.0/24 via 10.240.0.21",
  "recorded 10.200.2.0/24 via 10.240.0.22",
  "node node-0 10.240.0.20",
  ...["sysctl net.ipv4.ip_forward = 1", "unit enabled/active"],
  ...facts.filter((line) => line.startsWith("hosts ")),
  "ping yes",
];
