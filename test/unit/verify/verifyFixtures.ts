import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { convergeCommand } from "../../../components/hosts/hostScript.ts";
import {
  type HostState,
  isOdd,
  readHostState,
} from "../../../components/hosts/hostState.ts";
import { recordedWants } from "../../../components/hosts/hostWants.ts";
import type { Node } from "../../../components/inventory/nodes.ts";
import { routeTable } from "../../../components/inventory/routeTable.ts";
import { compareHost } from "../../../components/verify/compareHost.ts";
import type { StackResource } from "../../../components/verify/exportedState.ts";
import { readHostFacts } from "../../../components/verify/hostFacts.ts";
import { VerifyError } from "../../../components/verify/verifyError.ts";
import { verifyHosts } from "../../../components/verify/verifyHosts.ts";
import type {
  Finding,
  Report,
} from "../../../components/verify/verifyReport.ts";
import { inputOf, nodes, worker } from "../clusterFaults.ts";
import { afterInput, end, listen, running } from "../ssh/servers.ts";

/** The name of the stack in all tests. */
export const stack = { stack: "prod", configFile: undefined };

const cluster = nodes(
  worker("node-0", ["10.240.0.20"], "10.200.0.0/24"),
  worker("node-1", ["10.240.0.21"], "10.200.1.0/24"),
  worker("node-2", ["10.240.0.22"], "10.200.2.0/24"),
);
export const table = routeTable(cluster);
const [node] = cluster;
assert.ok(node);

const stdin = inputOf(node, cluster);

/** A stack's state of the command on node-0, with these inputs in place of its own. */
export function commandOf(inputs: Record<string, unknown> = {}): StackResource {
  return {
    urn: "urn:pulumi:prod::p::Command::routes-node-0",
    type: "command:remote:Command",
    parent: "urn:routes",
    inputs: {
      connection: { host: "10.240.0.20", user: "ops" },
      create: convergeCommand(true),
      stdin,
      ...inputs,
    },
    outputs: {},
  };
}

/** A stack's state of the component that is the parent of these commands. */
export function componentWith(inputs: unknown): StackResource {
  return {
    urn: "urn:routes",
    type: "pod-network-routes:index:HostPodRoutes",
    inputs: JSON.parse(JSON.stringify(inputs)),
    outputs: {},
  };
}

/** The arguments of a component that wants routes to these nodes everywhere. */
export function wantsOf(cluster: readonly Node[]) {
  return {
    cluster,
    hostRoutes: true,
    controllerRoutes: true,
    controllerHosts: true,
    healInterval: 10,
  };
}

/** The state of a component that wants routes to these nodes everywhere. */
export function componentOf(cluster: readonly Node[]): StackResource {
  return componentWith(recordedWants(wantsOf(cluster)));
}

/** The lines of the input of {@link commandOf}. */
export const facts: readonly string[] = stdin.trim().split("\n");

const read = readHostState(commandOf());
assert.ok(!isOdd(read));
export const host = read;

/** What hostLook.sh prints on node-0 if everything is as it should be. */
export const good: readonly string[] = [
  "looked",
  "route 10.200.1.0/24 via 10.240.0.21 dev eth0 proto 173 ",
  "route 10.200.2.0/24 via 10.240.0.22 dev eth0 proto 173 ",
  "address 10.240.0.20/24",
  "address 10.200.0.1/24",
  "hop 10.240.0.21 10.240.0.21 dev eth0",
  "hop 10.240.0.22 10.240.0.22 dev eth0",
  "get 10.200.1.0/24 10.200.1.0 via 10.240.0.21 dev eth0",
  "get 10.200.2.0/24 10.200.2.0 via 10.240.0.22 dev eth0",
  "forward ipv4 1",
  "rp_filter all 0",
  "rp_filter eth0 2",
  "recorded 10.200.1.0/24 via 10.240.0.21",
  "recorded 10.200.2.0/24 via 10.240.0.22",
  "node node-0 10.240.0.20",
  "sysctl net.ipv4.ip_forward = 1",
  "unit enabled/active",
  ...facts.filter((line) => line.startsWith("hosts ")),
  "ping yes",
];

/** The facts that hostLook.sh prints in these lines. */
export function factsOf(lines: readonly string[]) {
  const read = readHostFacts(lines.join("\n"));
  assert.ok(read);
  return read;
}

/** The findings about a host on which hostLook.sh prints these lines. */
export function findingsOf(
  lines: readonly string[],
  of: HostState = host,
  name: { stack: string; configFile: string | undefined } = stack,
): Finding[] {
  return compareHost(of, factsOf(lines), name);
}

/** Asserts that a text of the user's ends the check, and that nothing of it is shown. */
export function assertRefused(read: () => unknown): void {
  assert.throws(
    read,
    (error: Error) =>
      error instanceof VerifyError && !error.message.includes("hunter2"),
  );
}

/** The values of these keys, by item. */
export function columns<T>(
  items: readonly T[] = [],
  ...keys: (keyof T)[]
): unknown[][] {
  return items.map((item) => keys.map((key) => item[key]));
}

/** A report of a check in which everything is well, with these parts in place of its own. */
export function reportOf(parts: Partial<Report> = {}): Report {
  return {
    version: 1,
    stack: "prod",
    ok: true,
    verdict: "well",
    state: [],
    hosts: [],
    tables: [],
    overlays: [],
    pings: { ends: [], sent: 0, failed: [], left: [] },
    ...parts,
  };
}

/** The report on the hosts of these commands, and on those that the components want. */
export function checked(
  components: readonly StackResource[],
  commands: readonly StackResource[],
  verb: "up" | "destroy" = "up",
) {
  return verifyHosts(components, commands, {
    stack: { ...stack, verb },
    parallel: 2,
    progress: () => {},
  });
}

/** Starts an SSH server that lets everybody in, and gives every command this answer; returns its port. */
export function commandServer(
  t: TestContext,
  privateKey: string,
  answer: (command: string) => { stdout?: string; stderr?: string },
): Promise<number> {
  const server = running(
    (channel, command) =>
      afterInput(channel, () => {
        const { stdout = "", stderr } = answer(command);
        channel.write(stdout);
        end(channel, stderr === undefined ? 0 : 1, stderr);
      }),
    { hostKeys: [privateKey] },
  );
  return listen(t, server);
}
