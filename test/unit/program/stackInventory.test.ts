import assert from "node:assert/strict";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import type { HostPodRoutesArgs } from "../../../components/hosts/hostArgs.ts";
import { HostPodRoutes } from "../../../components/hosts/hostPodRoutes.ts";
import { hosts } from "../../../components/hosts/hostTarget.ts";
import { openstack } from "../../../components/openstack/openStackTarget.ts";
import { readConfig, userErrors } from "../../../program/config.ts";
import { hostileTexts } from "../cloud/lyingHttpServer.ts";
import {
  cluster,
  commands,
  configure,
  facts,
  type Registered,
  record,
  refusal,
} from "../mockedStack.ts";

const { nodes, ssh } = cluster;
const stack = "organization/infra/prod";

/** Outputs of the stack `organization/infra/prod`, the only one there is. */
interface Infra {
  outputs?: Record<string, unknown>;
  secretOutputNames?: string[];
  /** What the engine says instead, where the stack cannot be read. */
  said?: string;
}

/** An engine that knows the infra stack, and a configuration of this one. */
async function given(
  config: Record<string, unknown>,
  { outputs = { nodes }, secretOutputNames = [], said }: Infra = {},
): Promise<Registered[]> {
  const call: pulumi.runtime.Mocks["call"] = ({ token, inputs }) => {
    if (token === "pulumi:pulumi:readStackResourceOutputs") {
      return {}; // this stack has no state
    }
    assert.equal(token, "pulumi:pulumi:readStackOutputs");
    if (said !== undefined) {
      throw Object.assign(new Error(), { details: said });
    }
    if (inputs.name !== stack) {
      throw Object.assign(new Error(), {
        details: `invocation of ${token} returned an error: unknown stack "${inputs.name}"`,
      });
    }
    return { name: stack, outputs, secretOutputNames };
  };
  const registered = await record("", "organization", true, call);
  configure({ ssh, ...config });
  return registered;
}

/** What the program does with its configuration, for the target hosts. */
function program(): Promise<HostPodRoutes[]> {
  return userErrors(async () => {
    const configs = await readConfig();
    return configs.map(
      ({ args }) => new HostPodRoutes("routes", args as HostPodRoutesArgs),
    );
  });
}

/** What the user reads of a configuration that is refused; nothing was declared then. */
async function refused(
  config: Record<string, unknown>,
  infra?: Infra,
): Promise<string[]> {
  const registered = await given(config, infra);
  const found = await refusal(program());
  await pulumi.runtime.disconnect();
  const types = registered.map(({ type }) => type);
  assert.ok(types.every((type) => type === "pulumi:pulumi:StackReference"));
  return found;
}

/** What the user reads if the inventory is the other stack, which has these outputs. */
const refusedOutputs = (outputs: Record<string, unknown>) =>
  refused({ inventory: { stack } }, { outputs });

test("the nodes of another stack are routed, known at preview, and the stack stands in the preview", async () => {
  const registered = await given({ inventory: { stack } });
  await program();
  await pulumi.runtime.disconnect();
  const references = registered.filter(
    ({ type }) => type === "pulumi:pulumi:StackReference",
  );
  assert.deepEqual(
    references.map(({ name, inputs }) => [name, inputs.name]),
    [[stack, stack]],
  );
  const made = commands(registered);
  assert.deepEqual(Object.keys(made).sort(), [
    "routes-node-0@10.240.0.20",
    "routes-node-1@10.240.0.21",
    "routes-server@10.240.0.10",
  ]);
  const routes = facts(made["routes-node-0@10.240.0.20"]?.stdin);
  assert.ok(routes.includes("route 10.200.1.0/24 via 10.240.0.21"));
});

test("the output may have another name than nodes", async () => {
  await given(
    { inventory: { stack, output: "machines" } },
    { outputs: { machines: nodes } },
  );
  const inventory = { stack, output: "machines", nodes };
  assert.deepEqual(await readConfig(), [
    { target: hosts, args: { ssh, inventory } },
  ]);
});

test("two targets get the same nodes, and the stack is read once", async () => {
  const registered = await given({
    inventory: { stack },
    target: "openstack+hosts",
    subnet: "kubernetes",
  });
  const inventory = { stack, output: "nodes", nodes };
  assert.deepEqual(await readConfig(), [
    { target: openstack, args: { inventory, subnet: "kubernetes" } },
    { target: hosts, args: { inventory, ssh } },
  ]);
  await pulumi.runtime.disconnect();
  assert.equal(registered.length, 1);
});

test("a stack that cannot be read is refused with what the engine says, together with everything else that is wrong", async () => {
  const found = await refused({
    inventory: { stack: "organization/infra/prdo" },
    healInterval: 0,
  });
  assert.deepEqual(found, [
    'inventory.stack: "organization/infra/prdo" cannot be read: unknown stack "organization/infra/prdo"; expected ORG/PROJECT/STACK, one of: pulumi stack ls --all',
    "healInterval: 0 is not allowed: expected 1 to 3600",
  ]);
});

test("an output that the stack does not have is refused, with those that it has", async () => {
  assert.deepEqual(await refusedOutputs({ workers: [], vpcId: "vpc-1" }), [
    `inventory.output: stack ${stack} has no output "nodes", it has vpcId, workers`,
  ]);
});

test("a stack without any output is refused, and to be applied first", async () => {
  assert.deepEqual(await refusedOutputs({}), [
    `inventory.output: stack ${stack} has no output "nodes", it has none at all, apply it first: pulumi up`,
  ]);
});

test("an output that is a secret is refused, and not shown", async () => {
  const found = await refused(
    { inventory: { stack } },
    { outputs: { nodes: "hunter2" }, secretOutputNames: ["nodes"] },
  );
  assert.deepEqual(found, [
    `inventory.output: "nodes" of stack ${stack} is a secret, which a route table cannot keep; have that stack export it as pulumi.unsecret(pulumi.output(VALUE))`,
  ]);
});

for (const [what, value, fault] of [
  [
    "no list",
    { worker: "10.240.0.20" },
    `${stack} nodes: {"worker":"10.240.0.20"} is not of type array`,
  ],
  ["null", null, `${stack} nodes: null is not of type array`],
  [
    "an empty list",
    [],
    "inventory: no node has a pod CIDR, so there is nothing to route",
  ],
] as const) {
  test(`an output that is ${what} is refused`, async () => {
    assert.deepEqual(await refusedOutputs({ nodes: value }), [fault]);
  });
}

test("what is wrong with the nodes is said with the stack, the output and the place in it", async () => {
  const [server, node0, node1] = nodes;
  const wrong = [
    { ...server, internal_ip: "10.240.0.10" },
    { ...node0, podCidrs: ["10.200.0.5/24"] },
    node1,
    { ...node1, name: "node-2", internalIp: "10.240.0.22" },
  ];
  const config = { inventory: { stack }, healInterval: 0 };
  assert.deepEqual(await refused(config, { outputs: { nodes: wrong } }), [
    "healInterval: 0 is not allowed: expected 1 to 3600",
    `${stack} nodes[0].internal_ip: is not a known key, did you mean internalIp? Known keys: name, internalIp, podCidrs, role, address, aliases`,
    `${stack} nodes[1].podCidrs[0]: "10.200.0.5/24" has host bits set, the canonical form is 10.200.0.0/24`,
    `${stack} nodes[3]: pod CIDR "10.200.1.0/24" is also that of node-1 (${stack} nodes[2]), pod CIDRs must not overlap`,
  ]);
});

for (const [what, inventory, faults] of [
  [
    "an unknown key, and no stack",
    { outputs: "nodes" },
    [
      "inventory.stack: is missing",
      "inventory.outputs: is not a known key, did you mean output? Known keys: stack, output",
    ],
  ],
  [
    "nodes of its own",
    { stack, nodes },
    [
      "inventory.nodes: is not a known key, did you mean stack? Known keys: stack, output",
    ],
  ],
  [
    "empty names",
    { stack: "", output: "" },
    [
      'inventory.stack: "" is not allowed: expected ORG/PROJECT/STACK',
      'inventory.output: "" is not allowed: expected the name of an output',
    ],
  ],
  [
    "text",
    stack,
    ['inventory: "organization/infra/prod" is not of type object'],
  ],
] as const) {
  test(`an inventory with ${what} is refused`, async () => {
    assert.deepEqual(await refused({ inventory }), [...faults]);
  });
}

test("an inventory besides the nodes is refused", async () => {
  assert.deepEqual(await refused({ inventory: { stack }, nodes }), [
    "nodes: give the inventory by one of nodes, machinesFile, inventory; nodes and inventory are given",
  ]);
});

test("a program that reads the stack itself is told the same of the nodes", async () => {
  await given({});
  const inventory = { stack, output: "nodes", nodes: [] };
  await assert.rejects(
    userErrors(() => new HostPodRoutes("routes", { inventory, ssh })),
    /\n {2}- inventory: no node has a pod CIDR, so there is nothing to route$/,
  );
});

for (const [what, infra] of [
  ["names of outputs", (text: string) => ({ outputs: { [text]: [] } })],
  [
    "names of nodes",
    (text: string) => ({ outputs: { nodes: [{ name: text }] } }),
  ],
  [
    "keys of nodes",
    (text: string) => ({ outputs: { nodes: [{ [text]: 1 }] } }),
  ],
  ["an error", (text: string) => ({ said: text })],
] as [string, (text: string) => Infra][]) {
  test(`hostile ${what} of another stack are faults of a bounded line each`, async () => {
    for (const text of hostileTexts) {
      for (const fault of await refused(
        { inventory: { stack } },
        infra(text),
      )) {
        assert.match(fault, /^[ -~]{1,1000}$/);
        assert.ok(!fault.includes("<{%"));
      }
    }
  });
}

test("many outputs are not all named", async () => {
  const outputs = Object.fromEntries(
    Array.from({ length: 10_000 }, (_, i) => [`output-${i}`, i]),
  );
  const [fault, ...more] = await refusedOutputs(outputs);
  assert.deepEqual(more, []);
  assert.match(fault ?? "", / and 9990 more$/);
  assert.ok((fault ?? "").length < 500);
});
