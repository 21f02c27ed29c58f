import assert from "node:assert/strict";
import { test } from "node:test";
import { readHostArgs } from "../../../components/hosts/hostArgs.ts";
import { unknownNames } from "../../../components/ssh/hostNames.ts";
import { cluster } from "../mockedStack.ts";

const nodes = cluster.nodes.map((node) => ({
  ...node,
  address: `${node.name}.example`,
}));
const bastion = { host: "way.example" };
const ssh = { ...cluster.ssh, bastion };
const plan = readHostArgs({ nodes, ssh });

const state = "no such name";
const missing = (node: string) => ({ node, state, reason: "" }) as const;

/** What is said of each name: where it stands, and the name. */
function said(findings: Parameters<typeof unknownNames>[0]) {
  const message = unknownNames(findings, plan.hosts, plan.cluster) ?? "";
  return [...message.matchAll(/^ {2}- (\S+): "(\S+)"/gm)].map((match) =>
    match.slice(1),
  );
}

test("every name that does not exist is said, with the place where it stands", () => {
  assert.deepEqual(said([missing("server"), missing("node-1")]), [
    ["nodes[0].address", "server.example"],
    ["nodes[2].address", "node-1.example"],
  ]);
});

test("a bastion whose name does not exist is said once, for all hosts behind it", () => {
  const behind = ["server", "node-0"].map((node) => ({
    ...missing(node),
    atBastion: true as const,
  }));
  assert.deepEqual(said(behind), [["ssh.bastion.host", "way.example"]]);
});

test("a host that is only down has no fault", () => {
  const down = { node: "server", state: "unreachable", reason: "" } as const;
  assert.equal(unknownNames([down], plan.hosts, plan.cluster), undefined);
});
