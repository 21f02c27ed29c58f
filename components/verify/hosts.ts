import { join } from "node:path";
import type { Client } from "ssh2";
import { firstAddress, parseCidrs } from "../core/cidr";
import { foreignText } from "../core/plainText";
import type { Route } from "../core/plan";
import { pipedCommand, scriptInput } from "../pipedScript";
import { runOn, Sessions } from "../ssh/session";
import { type StackName, updateCommand } from "./commands";
import { capped } from "./findings";
import { type HostFacts, readHostFacts } from "./hostFacts";
import { compareHost } from "./hostReport";
import {
  type HostState,
  isOdd,
  type OddHost,
  readHostState,
} from "./hostState";
import { type Ping, type PingEnd, pairs, pingEnds, pingReport } from "./pings";
import type { Finding, HostReport, Pings } from "./report";
import { readRouteTable } from "./routeTable";
import type { StackResource } from "./state";

interface Work {
  readonly stack: StackName;
  readonly parallel: number;
  progress(text: string): void;
}

/** A host that was looked at. */
interface Looked {
  readonly host: HostState;
  readonly client?: Client;
  readonly facts?: HostFacts;
  readonly report: HostReport;
}

const script = join(__dirname, "hostLook.sh");

/** How long a host may take to tell what it has, in milliseconds. */
const lookPatience = 60_000;

/** Looks at every host of these components, and then pings between their pods. */
export async function verifyHosts(
  components: readonly StackResource[],
  resources: readonly StackResource[],
  work: Work,
): Promise<{ hosts: HostReport[]; pings: Pings }> {
  const table = components.flatMap(readRouteTable);
  const nodeOf = new Map(table.map((r) => [r.destination, r.node]));
  const urns = new Set(components.map(({ urn }) => urn));
  const read = resources
    .filter(
      ({ type, parent = "" }) =>
        type === "command:remote:Command" && urns.has(parent),
    )
    .map((resource) => readHostState(resource, nodeOf));
  const odd = read.filter(isOdd);
  const hosts = read
    .filter((host): host is HostState => !isOdd(host))
    .sort(byNode);
  const sessions = new Sessions();
  try {
    const looked = await each(hosts, work, "looked at", (host) =>
      look(host, sessions, work.stack),
    );
    const names = new Set(read.map(({ node }) => node));
    const absent = table.filter(({ node }) => !names.has(node));
    return {
      hosts: [
        ...looked.map(({ report }) => report),
        ...odd.map((host) => oddReport(host, work.stack)),
        ...absent.map((route) => unknown(route, work.stack)),
      ].sort(byNode),
      pings: await pingAll(looked, table, work),
    };
  } finally {
    await sessions.end();
  }
}

function byNode(a: { node: string }, b: { node: string }): number {
  return a.node.localeCompare(b.node, "en", { numeric: true });
}

/** A node that the stack has a route to, and no command for. */
function unknown({ node, nextHop }: Route, stack: StackName): HostReport {
  const message =
    "the last pulumi up did not get as far as this host, the stack's state has no command for it";
  return {
    ...{ node, address: nextHop, wanted: 0 },
    findings: [
      {
        ...{ severity: "fault", kind: "state", subject: node, message },
        mend: updateCommand(stack),
      },
    ],
  };
}

function oddReport(
  { node, address, odd: message }: OddHost,
  stack: StackName,
): HostReport {
  const finding = { severity: "fault", kind: "state", subject: node } as const;
  return {
    ...{ node, address, wanted: 0 },
    findings: [{ ...finding, message, mend: updateCommand(stack) }],
  };
}

/** Whether the host that answers, or the bastion before it, has to show a key is recorded in the state. */
function hostKeyNotes({ login, bastion, node }: HostState): Finding[] {
  const unchecked = [login, ...(bastion ? [bastion] : [])]
    .filter(({ hostKey }) => hostKey === undefined)
    .map(({ host }) => host);
  return unchecked.length === 0
    ? []
    : [
        {
          ...{ severity: "note", kind: "host-key", subject: node },
          message: `ssh.hostKeyCheck is false: whoever answers at ${unchecked.join(" or ")} is taken for the host, and all that is said of it here may be a lie`,
        },
      ];
}

async function look(
  host: HostState,
  sessions: Sessions,
  stack: StackName,
): Promise<Looked> {
  const { node, login, routes } = host;
  const report = { node, address: login.host, wanted: routes.length };
  const notes = hostKeyNotes(host);
  const hops = new Set(routes.map(({ nextHop }) => nextHop));
  const input = [
    `owner ${host.owner}`,
    ...[...hops].map((hop) => `hop ${hop}`),
    ...parseCidrs(routes.map(({ destination }) => destination)).map(
      (cidr) => `get ${cidr.text} ${firstAddress(cidr).text}`,
    ),
  ];
  try {
    const client = await sessions.to(login, host.bastion);
    const said = await runOn(
      client,
      pipedCommand("look", host.sudo),
      scriptInput(input, script),
      lookPatience,
    );
    const facts = readHostFacts(said);
    if (facts === undefined) {
      throw new Error("this host has no ip (package iproute2)");
    }
    const findings = capped([...notes, ...compareHost(host, facts, stack)]);
    return { host, client, facts, report: { ...report, findings } };
  } catch (error) {
    const unreachable = foreignText((error as Error).message);
    return { host, report: { ...report, unreachable, findings: notes } };
  }
}

async function pingAll(
  looked: readonly Looked[],
  table: readonly Route[],
  work: Work,
): Promise<Pings> {
  const left: Pings["left"] = [];
  const ends: PingEnd[] = [];
  for (const { host, facts, report } of looked) {
    const podCidrs = table
      .filter(({ node }) => node === host.node)
      .map(({ destination }) => destination);
    if (podCidrs.length === 0) {
      continue;
    }
    const found =
      facts === undefined
        ? `could not be looked at: ${report.unreachable}`
        : pingEnds(host.node, podCidrs, facts);
    if (typeof found === "string") {
      left.push({ node: host.node, reason: found });
    } else {
      ends.push(...found);
    }
  }
  const all = pairs(ends);
  const answered = await each(
    looked,
    work,
    "pinged from",
    ({ host, client }) =>
      client === undefined
        ? []
        : pingFrom(
            client,
            host,
            all.filter(({ from }) => from.node === host.node),
          ),
  );
  return pingReport(ends, all, new Set(answered.flat()), left);
}

/** Those of these pings that were answered, as SOURCE TARGET. */
async function pingFrom(
  client: Client,
  host: HostState,
  pings: readonly Ping[],
): Promise<string[]> {
  if (pings.length === 0) {
    return [];
  }
  const input = pings.map(
    ({ from, to }) => `ping ${from.pid ?? "-"} ${from.address} ${to.address}`,
  );
  const asked = new Set(
    pings.map(({ from, to }) => `${from.address} ${to.address}`),
  );
  const patience = 30_000 + pings.length * 500;
  const said = await runOn(
    client,
    pipedCommand("ping", host.sudo),
    scriptInput(input, script),
    patience,
  ).catch(() => "");
  // a host answers for its own pings only
  return said
    .split("\n", 2 * pings.length)
    .map((line) => line.replace(/^pinged /, ""))
    .filter((line) => asked.has(line));
}

/** Does something for each of these, some at once, and tells how far it has come. */
async function each<T, R>(
  all: readonly T[],
  { parallel, progress }: Work,
  what: string,
  task: (one: T) => Promise<R> | R,
): Promise<R[]> {
  const results: R[] = [];
  let [next, done] = [0, 0];
  const worker = async () => {
    while (next < all.length) {
      const i = next++;
      results[i] = await task(all[i] as T);
      done++;
      progress(`${what} ${done} of ${all.length} hosts`);
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  return results;
}
