import assert from "node:assert/strict";
import { test } from "node:test";
import { commandName } from "../../../components/hosts/recordedCommands.ts";
import { nodes, worker } from "../clusterFaults.ts";

const [node] = nodes(worker("node-0", ["10.240.0.20"]));
assert.ok(node);
const component =
  "urn:pulumi:stack::project::pod-network-routes:index:HostPodRoutes::new";
const usual = "new-node-0@10.240.0.20";

/** A command that the state has below a component. */
function recorded(name: string, place = "node-0 10.240.0.20", above = "") {
  const type = `${above}pod-network-routes:index:HostPodRoutes$command:remote:Command`;
  const urn = `urn:pulumi:stack::project::${type}::${name}`;
  return { urn, place, outputs: { stdin: "", connection: {} } };
}

for (const [what, there, name] of [
  ["has its usual name where the state has none", [], usual],
  [
    "keeps the name of a component that was called otherwise",
    [recorded("old-node-0@10.240.0.20")],
    "old-node-0@10.240.0.20",
  ],
  [
    "keeps its own name before another one",
    [recorded("old-node-0@10.240.0.20"), recorded(usual)],
    usual,
  ],
  [
    "does not take the name of another node's",
    [recorded("old-node-1@10.240.0.20", "node-1 10.240.0.20")],
    usual,
  ],
  [
    "does not take the name of another address's",
    [recorded("old-node-0@10.240.0.19", "node-0 10.240.0.19")],
    usual,
  ],
  [
    "does not take the name of one below another kind of component",
    [recorded("old-node-0@10.240.0.20", undefined, "my:index:Cluster$")],
    usual,
  ],
] as const) {
  test(`the command on a host ${what}`, () => {
    assert.equal(commandName(usual, node, component, there), name);
  });
}
