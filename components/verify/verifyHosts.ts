import { join } from "node:path";
import pMap from "p-map";
import { firstAddress, parseCidrs } from "../core/cidr.ts";
import { foreignText } from "../core/plainText.ts";
import type { HostState } from "../hosts/hostState.ts";
import { pipedCommand, scriptInput } from "../ssh/pipedScript.ts";
import { CommandFailed, runOn } from "../ssh/remoteCommand.ts";
import { Sessions } from "../ssh/sessions.ts";
import {
  anewCommand,
  type StackName,
  updateCommand,
} from "../stack/pulumiCommands.ts";
import { compareHost } from "./compareHost.ts";
import { type ExpectedHost, expectedHosts } from "./expectedHosts.ts";
import type { StackResource } from "./exportedState.ts";
import { readHostFacts } from "./hostFacts.ts";
import {
  absentReport,
  behindFaults,
  hostKeyNotes,
  oddReport,
} from "./hostStateFindings.ts";
import { capped, fault } from "./makeFinding.ts";
import { type HostLook, pingAll } from "./pingHosts.ts";
import type { HostReport, Pings } from "./verifyReport.ts";

interface Work {
  readonly stack: StackName;
  /** How many hosts are looked at at once. */
  readonly parallel: number;
  /** Is called with the state of the work. */
  progress(text: string): void;
}

const script = join(import.meta.dirname, "hostLook.sh");

/** How long a host may take to print what it has, in milliseconds. */
const lookPatience = 60_000;

/** Looks at every host of these components, and then pings between their pods. */
export async function verifyHosts(
  components: readonly StackResource[],
  resources: readonly StackResource[],
  { stack, parallel, progress }: Work,
): Promise<{ hosts: HostReport[]; pings: Pings }> {
  const { table, hosts, odd, absent } = expectedHosts(components, resources);
  const isLeaving = stack.verb === "destroy";
  const leaving = isLeaving ? "the stack is being destroyed" : undefined;
  const sessions = new Sessions();
  /** Does this for each item, some at once, and reports how many are done. */
  const forEach = <T, R>(
    items: readonly T[],
    what: string,
    task: (item: T) => Promise<R>,
  ) => {
    let done = 0;
    return pMap(
      items,
      async (item) => {
        const result = await task(item);
        progress(`${what} ${++done} of ${items.length} hosts`);
        return result;
      },
      { concurrency: parallel },
    );
  };
  try {
    const looks = await forEach(
      hosts.toSorted((a, b) => byNode(a.host, b.host)),
      "looked at",
      (one) => {
        const removed = one.removed ?? leaving;
        return removed === undefined
          ? lookAt(one, sessions, stack)
          : lookAtRemoved(one.host, removed, sessions, stack);
      },
    );
    const reports = [
      ...looks.map(({ report }) => report),
      ...odd.map((host) => oddReport(host, stack)),
      // hosts without a command are what a destroy wants
      ...(isLeaving ? [] : absent.map((host) => absentReport(host, stack))),
    ];
    const kept = looks.filter(({ report }) => !isRemoved(report));
    const pings = await pingAll(kept, table, (looks, ping) =>
      forEach(looks, "pinged from", ping),
    );
    return { hosts: reports.sort(byNode), pings };
  } finally {
    await sessions.end();
  }
}

function byNode(a: { node: string }, b: { node: string }): number {
  return a.node.localeCompare(b.node, "en", { numeric: true });
}

/** Logs in to a host that is to be cleaned. Whether it answers decides the fix, and nothing else is looked at. */
async function lookAtRemoved(
  host: HostState,
  removed: string,
  sessions: Sessions,
  stack: StackName,
): Promise<HostLook> {
  const { node, login, bastion, urn } = host;
  const failure = await sessions.to(login, bastion).then(
    () => undefined,
    (error: Error) => foreignText(error.message),
  );
  const finding =
    failure === undefined
      ? fault(
          "removed",
          node,
          `${removed}, and this host still has what was made for it`,
          updateCommand(stack),
        )
      : fault(
          "removed",
          node,
          `${removed}, and this host cannot be cleaned, because it does not answer (${failure}); if it never will again, let go of it`,
          anewCommand(urn, stack),
        );
  const report = { node, address: login.host, wanted: 0, findings: [finding] };
  return { host, report };
}

function isRemoved({ findings }: HostReport): boolean {
  return findings.some(({ kind }) => kind === "removed");
}

async function lookAt(
  { host, behind }: ExpectedHost,
  sessions: Sessions,
  stack: StackName,
): Promise<HostLook> {
  const { node, login, routes } = host;
  const report = { node, address: login.host, wanted: routes.length };
  const notes = [...hostKeyNotes(host), ...behindFaults(host, behind, stack)];
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
    const printed = await runOn(
      client,
      pipedCommand("look", host.sudo),
      scriptInput(input, script),
      lookPatience,
    );
    const facts = readHostFacts(printed);
    if (facts === undefined) {
      throw new CommandFailed("this host has no ip (package iproute2)");
    }
    const compared = compareHost(host, facts, stack, behind.length > 0);
    const findings = capped([...notes, ...compared]);
    return { host, client, facts, report: { ...report, findings } };
  } catch (error) {
    const why = foreignText((error as Error).message);
    const reason =
      error instanceof CommandFailed
        ? { unlooked: `${why}${/^sudo:/.test(why) ? loginHint(host) : ""}` }
        : { unreachable: why };
    return { host, report: { ...report, ...reason, findings: notes } };
  }
}

/** docs/hosts.md describes a login that may run the commands of an update only. */
function loginHint({ login }: HostState): string {
  return `; verify looks by means of sudo -n sh, and ${login.user} may not use it there: give verify's stack a login that may, see "A login that can do nothing else" in docs/hosts.md`;
}
