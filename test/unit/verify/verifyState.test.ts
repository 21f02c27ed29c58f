import assert from "node:assert/strict";
import { test } from "node:test";
import { reportFindings } from "../../../components/cloud/cloudFindings.ts";
import {
  type HostWants,
  namedOn,
  recordedWants,
  routesFor,
} from "../../../components/hosts/hostWants.ts";
import {
  podRoutes,
  routeTable,
} from "../../../components/inventory/routeTable.ts";
import { expectedHosts } from "../../../components/verify/expectedHosts.ts";
import {
  readState,
  type StackResource,
} from "../../../components/verify/exportedState.ts";
import {
  isLeaving,
  lastRunFindings,
  readLastRuns,
} from "../../../components/verify/lastRuns.ts";
import { fault, note } from "../../../components/verify/makeFinding.ts";
import { reportText } from "../../../components/verify/reportText.ts";
import { unfinishedFindings } from "../../../components/verify/unfinishedResources.ts";
import { verdictOf } from "../../../components/verify/verdict.ts";
import { verifyClouds } from "../../../components/verify/verifyClouds.ts";
import { VerifyError } from "../../../components/verify/verifyError.ts";
import { verifyOverlay } from "../../../components/verify/verifyOverlay.ts";
import type {
  HostReport,
  Report,
} from "../../../components/verify/verifyReport.ts";
import { inputOf, nodes, worker } from "../clusterFaults.ts";
import { nasty } from "../hostileText.ts";
import {
  assertRefused,
  columns,
  commandOf,
  componentOf,
  componentWith,
  reportOf,
  stack,
  wantsOf,
} from "./verifyFixtures.ts";

const run = (kind: string, result: string, flags: string[] = []) => ({
  kind,
  result,
  startTime: "2026-11-29T03:48:31.000Z",
  version: 0,
  environment: Object.fromEntries(
    flags.map((flag) => [`pulumi.flag.${flag}`, "set"]),
  ),
  config: {},
});
const runsOf = (...all: ReturnType<typeof run>[]) =>
  readLastRuns(JSON.stringify(all));
const lastRun = (...all: ReturnType<typeof run>[]) =>
  lastRunFindings(runsOf(...all), stack).map(({ severity, subject, fix }) => [
    severity,
    subject,
    fix,
  ]);

for (const [kind, verb] of [
  ["update", "up"],
  ["refresh", "refresh"],
  ["destroy", "destroy"],
] as const) {
  test(`a last ${verb} that failed is a fault, and is to be done again`, () => {
    assert.deepEqual(lastRun(run(kind, "failed"), run("update", "succeeded")), [
      ["fault", `pulumi ${verb}`, `pulumi ${verb} --stack prod`],
    ]);
    assert.deepEqual(lastRun(run(kind, "succeeded")), []);
  });
}

test("a failed update stays a fault after a refresh that succeeded", () => {
  assert.deepEqual(
    lastRun(
      run("refresh", "succeeded"),
      run("refresh", "failed"),
      run("update", "failed"),
      run("update", "failed"),
    ),
    [["fault", "pulumi up", "pulumi up --stack prod"]],
  );
});

test("after a failed destroy of all resources the stack is being destroyed; of some resources it is not", () => {
  const some = run("destroy", "failed", ["target"]);
  assert.equal(isLeaving(runsOf(some)), false);
  assert.deepEqual(lastRun(some), [
    ["fault", "pulumi destroy", "pulumi up --stack prod"],
  ]);
  const all = run("destroy", "failed", ["yes"]);
  assert.equal(isLeaving(runsOf(run("refresh", "succeeded"), all)), true);
  assert.equal(isLeaving(runsOf(run("destroy", "succeeded"))), false);
  assert.equal(isLeaving(runsOf(run("update", "failed"))), false);
});

test("a running update is a fault that says so", () => {
  const [finding] = lastRunFindings(
    runsOf(run("update", "in-progress")),
    stack,
  );
  assert.match(finding?.message ?? "", /under way/);
  assert.doesNotMatch(finding?.fix ?? "", /pulumi/);
});

test("a stack without a history has no last run", () => {
  assert.deepEqual(readLastRuns("[]"), []);
  assert.deepEqual(readLastRuns("null"), []);
});

test("text that is not a history ends the check, and nothing of it is shown", () => {
  for (const bad of ["", "hunter2", "{}", '["hunter2"]', '[{"kind":7}]']) {
    assertRefused(() => readLastRuns(bad));
  }
});

test("texts of a history or state are printed on one line", () => {
  for (const evil of nasty.map((text) => `${text}$(reboot)`)) {
    const json = JSON.stringify([
      { kind: evil, result: evil, startTime: evil, environment: null },
    ]);
    const pending = [{ type: evil, urn: `a::${evil}` }];
    const resources = [
      { ...commandOf(), urn: evil, delete: true },
      { ...commandOf(), urn: evil, pendingReplacement: true },
    ];
    for (const { subject, message, fix = "" } of [
      ...lastRunFindings(readLastRuns(json), stack),
      ...unfinishedFindings({ resources, pending }, stack),
    ]) {
      assert.match(`${subject}${message}`, /^[ -~]*$/);
      assert.doesNotMatch(fix, /reboot/);
    }
  }
});

const cluster = nodes(
  worker("node-0", ["10.240.0.20"], "10.200.0.0/24"),
  worker("node-1", ["10.240.0.21"], "10.200.1.0/24"),
  { name: "server", internalIp: "10.240.0.10", role: "controller" },
);
const wants: HostWants = wantsOf(cluster);

/** The commands that a component with these arguments makes. */
function commandsOf(made: HostWants): StackResource[] {
  const table = podRoutes(made.cluster);
  return made.cluster.map((node) => ({
    ...commandOf({
      connection: { host: node.address },
      stdin: inputOf(node, made.cluster, {
        healInterval: made.healInterval,
        routes: routesFor(node, made, table),
        named: namedOn(node, made),
      }),
    }),
    urn: `urn:pulumi:prod::p::Command::routes-${node.name}@${node.address}`,
  }));
}

/** The differences by host, of commands with other arguments than the component's. */
function behind(made: Partial<HostWants>): Record<string, string> {
  const { hosts } = expectedHosts(
    [componentOf(cluster)],
    commandsOf({ ...wants, ...made }),
  );
  return Object.fromEntries(
    hosts
      .filter((one) => one.behind.length > 0)
      .map((one) => [one.host.node, one.behind.join()]),
  );
}

test("commands with the arguments of the component have no differences", () => {
  assert.deepEqual(behind({}), {});
  assert.deepEqual(behind({ cluster: [...cluster].reverse() }), {});
});

test("a command with another inventory or configuration is behind", () => {
  assert.deepEqual(behind({ cluster: nodes(...[0, 1].map(node)) }), {
    "node-0": "routes",
    "node-1": "routes",
  });
  assert.deepEqual(behind({ hostRoutes: false }), {
    "node-0": "routes",
    "node-1": "routes",
    server: "routes",
  });
  assert.deepEqual(behind({ controllerRoutes: false }), { server: "routes" });
  assert.deepEqual(behind({ controllerHosts: false }), {
    server: "lines of /etc/hosts",
  });
  assert.deepEqual(Object.values(behind({ healInterval: 20 })), [
    "healInterval",
    "healInterval",
    "healInterval",
  ]);
});

/** The nodes of {@link cluster} with other pod CIDRs. */
function node(i: number) {
  return worker(`node-${i}`, [`10.240.0.${20 + i}`], `10.200.${7 + i}.0/24`);
}

test("a host whose command is behind is compared with what the component wants", () => {
  const { hosts } = expectedHosts(
    [componentOf(cluster)],
    commandsOf({ ...wants, cluster: nodes(...[0, 1].map(node)) }),
  );
  assert.deepEqual(
    hosts.map(({ host }) => host.routes.map((r) => r.destination)),
    [["10.200.1.0/24"], ["10.200.0.0/24"]],
  );
});

test("a wanted node without a command is absent, with the number of its routes", () => {
  const [, ...others] = commandsOf(wants);
  const { absent } = expectedHosts([componentOf(cluster)], others);
  assert.deepEqual(absent, [
    { node: "node-0", address: "10.240.0.20", wanted: 1 },
  ]);
});

test("a host whose node is gone or has another address is removed; the node at the new address is absent", () => {
  const without = nodes(worker("node-0", ["10.240.0.99"], "10.200.0.0/24"));
  const wanted = [componentOf(without)];
  const { hosts, absent } = expectedHosts(wanted, commandsOf(wants));
  assert.deepEqual(
    hosts.map(({ host, removed }) => [host.node, removed]),
    [
      ["node-0", "the address of the node is 10.240.0.99 now"],
      ["node-1", "the node is not in the inventory any more"],
      ["server", "the node is not in the inventory any more"],
    ],
  );
  assert.deepEqual(
    absent.map(({ node, address }) => `${node} ${address}`),
    ["node-0 10.240.0.99"],
  );
});

test("in a state of a version that did not record its nodes, hosts are compared with their own commands", () => {
  const [first] = commandsOf(wants);
  assert.ok(first);
  const old = {
    ...componentWith({}),
    outputs: { routeTable: routeTable(cluster) },
  };
  const { hosts, absent } = expectedHosts([old], [first]);
  assert.deepEqual(
    hosts.map(({ host, behind, removed }) => [host.node, behind, removed]),
    [["node-0", [], undefined]],
  );
  assert.deepEqual(
    absent.map(({ node }) => node),
    ["node-1"],
  );
});

test("inputs in the state that no component writes end the check", () => {
  const good = recordedWants(wants);
  const bad: unknown[] = [
    { ...good, nodes: "x" },
    { ...good, nodes: 7 },
    { ...good, nodes: [] },
    { ...good, nodes: null },
    { ...good, hostRoutes: "yes" },
    { ...good, nodes: { "a\nb": good.nodes["node-0"] } },
    {
      ...good,
      nodes: { a: { ...good.nodes["node-0"], podCidrs: ["10.0.0.1/8"] } },
    },
    {
      ...good,
      nodes: { a: { ...good.nodes["node-0"], internalIp: ["$(reboot)"] } },
    },
    { ...good, nodes: { a: { ...good.nodes["node-0"], more: 1 } } },
  ];
  for (const inputs of bad) {
    assert.throws(
      () => expectedHosts([componentWith(inputs)], []),
      (error: Error) =>
        error instanceof VerifyError && /^[ -~]*$/.test(error.message),
    );
  }
});

test("a replaced command that is still to be deleted is not a host", () => {
  const all = commandsOf(wants);
  const { hosts } = expectedHosts(
    [componentOf(cluster)],
    [...all, ...all.map((one) => ({ ...one, delete: true }))],
  );
  assert.equal(hosts.length, 3);
});

const urn = "urn:pulumi:prod::p::a$command:remote:Command::routes-node-0@h";

test("pending operations are one fault, which names the first few and the commands that clear them", () => {
  const operations = Array.from({ length: 9 }, (_, i) => ({
    type: "creating",
    resource: { urn: `${urn}${i}` },
  }));
  const { pending } = readState(
    JSON.stringify({ deployment: { pending_operations: operations } }),
  );
  const found = unfinishedFindings({ resources: [], pending }, stack);
  assert.equal(found.length, 1);
  assert.match(found[0]?.message ?? "", /creating routes-node-0@h0, .*4 more/);
  assert.equal(
    found[0]?.fix,
    "pulumi cancel --stack prod; pulumi refresh --clear-pending-creates --stack prod && pulumi up --stack prod",
  );
});

test("an update deletes a replaced command; if another command is on the same host, the host is set up again", () => {
  const left = { ...commandOf(), urn, delete: true };
  const fixes = (...resources: StackResource[]) =>
    unfinishedFindings({ resources, pending: [] }, stack).map(
      ({ subject, fix }) => [subject, fix],
    );
  assert.deepEqual(fixes(left), [
    ["routes-node-0@h", "pulumi up --stack prod"],
  ]);
  assert.deepEqual(fixes(left, { ...commandOf(), urn }), [
    [
      "routes-node-0@h",
      `pulumi up --stack prod && pulumi state delete --stack prod '${urn}' && pulumi up --stack prod`,
    ],
  ]);
  assert.deepEqual(fixes({ ...commandOf(), urn, pendingReplacement: true }), [
    ["routes-node-0@h", "pulumi up --stack prod"],
  ]);
});

test("an overlay without a command is a fault; one with an odd command is not looked at", async () => {
  const overlay = { ...componentWith({}), urn: "urn:a::overlay" };
  const command = { ...commandOf(), parent: overlay.urn };
  const other = { ...command, type: "pulumi:index:Stash" };
  const without = await verifyOverlay(overlay, [commandOf(), other], stack);
  assert.deepEqual(columns(without.findings, "severity", "fix"), [
    ["fault", "pulumi up --stack prod"],
  ]);
  const looked = await verifyOverlay(overlay, [command], stack);
  assert.deepEqual(looked.findings, []);
  assert.ok(looked.unlooked);
});

const aws: StackResource = {
  ...componentWith({}),
  urn: "a::routes",
  type: "pod-network-routes:index:AwsPodRoutes",
};
const gcp: StackResource = {
  ...componentWith({}),
  urn: "a::more",
  type: "pod-network-routes:index:GcpPodRoutes",
};

/** The result of a preview in which the component of AWS reports these faults. */
async function previewed(
  handed: readonly { path: string; message: string }[] | undefined,
  failure?: string,
  components = [aws],
) {
  return verifyClouds(components, stack, async (env) => {
    const before = process.env;
    process.env = { ...before, ...env };
    if (handed !== undefined) {
      reportFindings({
        component: "routes",
        cloud: "AWS",
        tables: [],
        fix: "x",
        faults: handed,
        warnings: [],
      });
    }
    process.env = before;
    if (failure !== undefined) {
      throw new VerifyError(failure);
    }
  });
}

test("a cloud about which the preview reports nothing was not looked at", async () => {
  const { tables, findings } = await previewed([], "no credentials", [
    aws,
    gcp,
  ]);
  assert.deepEqual(columns(tables, "cloud", "component", "unlooked"), [
    ["AWS", "routes", undefined],
    ["GCP", "more", "no credentials"],
  ]);
  assert.deepEqual(findings, []);
  const silent = await previewed(undefined);
  assert.ok(silent.tables[0]?.unlooked);
});

test("a preview that fails is a fault, unless a reported fault explains it", async () => {
  const failed = await previewed([], "worker-0 shows another key");
  assert.deepEqual(columns(failed.findings, "severity", "kind"), [
    ["fault", "cloud"],
  ]);
  const explained = [{ path: "worker-0", message: "has no tag" }];
  assert.deepEqual((await previewed(explained, "1 fault")).findings, []);
  assert.deepEqual((await previewed([])).findings, []);
});

const fine: HostReport = {
  node: "node-0",
  address: "10.240.0.20",
  wanted: 1,
  findings: [],
};
const aFault = fault("missing", "", "");
const aNote = note("missing", "", "");
const table = {
  cloud: "AWS",
  component: "routes",
  holder: "rtb",
  wanted: 1,
  findings: [],
};

test("the verdict is wrong if anything is wrong, else unknown if something could not be looked at, else well", () => {
  const unlooked = { ...fine, unlooked: "no sudo" };
  const overlay = { component: "overlay", unlooked: "x", findings: [] };
  const ping = { from: "", to: "", source: "", target: "" };
  const pings = { ends: [], sent: 1, failed: [ping], left: [] };
  for (const [verdict, what] of [
    ["well", {}],
    ["well", { hosts: [{ ...fine, findings: [aNote] }] }],
    ["wrong", { state: [aFault] }],
    ["wrong", { hosts: [{ ...fine, findings: [aNote, aFault] }] }],
    ["wrong", { hosts: [{ ...fine, unreachable: "dead" }] }],
    ["wrong", { tables: [{ ...table, findings: [aFault] }] }],
    ["wrong", { overlays: [{ component: "", findings: [aFault] }] }],
    ["wrong", { pings }],
    ["unknown", { hosts: [fine, unlooked] }],
    ["unknown", { overlays: [overlay] }],
    ["unknown", { tables: [{ ...table, unlooked: "x" }] }],
    ["wrong", { hosts: [unlooked], overlays: [overlay], state: [aFault] }],
    ["wrong", { hosts: [unlooked, { ...fine, unreachable: "dead" }] }],
  ] satisfies [Report["verdict"], Partial<Report>][]) {
    const report = reportOf({ hosts: [fine], ...what });
    assert.equal(verdictOf(report), verdict, JSON.stringify(what));
  }
});

test("the text distinguishes a host that does not answer from one that could not be looked at", () => {
  const report = reportOf({
    ok: false,
    verdict: "wrong",
    state: [fault("last-run", "pulumi up", "")],
    hosts: [
      { ...fine, unreachable: "no route to host" },
      { ...fine, node: "node-1", unlooked: "sudo: a password is required" },
    ],
  });
  const lines = reportText(report).split("\n");
  const at = (line: string) => {
    const i = lines.indexOf(line);
    assert.ok(i >= 0, lines.join("\n"));
    return i;
  };
  const dead = at("node-0 (10.240.0.20): 1 route, DOES NOT ANSWER");
  assert.equal(lines[dead + 1], "  no route to host");
  const shut = at("node-1 (10.240.0.20): 1 route, COULD NOT BE LOOKED AT");
  assert.equal(lines[shut + 1], "  sudo: a password is required");
  assert.ok(at("stack prod: 1 FAULT") < dead);
  assert.equal(
    lines.at(-1),
    "1 fault, hosts that do not answer: 1, could not be looked at: 1",
  );
});
