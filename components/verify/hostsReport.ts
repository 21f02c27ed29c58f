import { join } from "node:path";
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
import { each, type Pace } from "./each.ts";
import { type ExpectedHost, expectedHosts } from "./expected.ts";
import { capped } from "./findings.ts";
import { readHostFacts } from "./hostFacts.ts";
import {
  absentReport,
  behindFaults,
  hostKeyNotes,
  oddReport,
} from "./hostFaults.ts";
import { type Looked, pingAll } from "./hostPings.ts";
import { compareHost } from "./hostReport.ts";
import type { Finding, HostReport, Pings } from "./report.ts";
import type { StackResource } from "./state.ts";

interface Work extends Pace {
  readonly stack: StackName;
}

const script = join(import.meta.dirname, "hostLook.sh");

/** How long a host may take to tell what it has, in milliseconds. */
const lookPatience = 60_000;

/** Looks at every host of these components, and then pings between their pods. */
export async function verifyHosts(
  components: readonly StackResource[],
  resources: readonly StackResource[],
  work: Work,
): Promise<{ hosts: HostReport[]; pings: Pings }> {
  const { table, hosts, odd, absent } = expectedHosts(components, resources);
  const isLeaving = work.stack.verb === "destroy";
  const leaving = isLeaving ? "the stack is being destroyed" : undefined;
  const sessions = new Sessions();
  try {
    const looked = await each([...hosts].sort(byHost), work, (one) => {
      const removed = one.removed ?? leaving;
      return removed === undefined
        ? look(one, sessions, work.stack)
        : removedHost(one.host, removed, sessions, work.stack);
    });
    return {
      hosts: [
        ...looked.map(({ report }) => report),
        ...odd.map((host) => oddReport(host, work.stack)),
        // where all is to go, what is not there is as it should be
        ...(isLeaving
          ? []
          : absent.map((one) => absentReport(one, work.stack))),
      ].sort(byNode),
      pings: await pingAll(
        looked.filter(({ report }) => !isRemoved(report)),
        table,
        work,
      ),
    };
  } finally {
    await sessions.end();
  }
}

function byNode(a: { node: string }, b: { node: string }): number {
  return a.node.localeCompare(b.node, "en", { numeric: true });
}

function byHost(a: ExpectedHost, b: ExpectedHost): number {
  return byNode(a.host, b.host);
}

/** Only whether a host answers that is to be cleaned decides what is to be done. */
async function removedHost(
  host: HostState,
  removed: string,
  sessions: Sessions,
  stack: StackName,
): Promise<Looked> {
  const answer = await sessions.to(host.login, host.bastion).then(
    () => undefined,
    (error: Error) => foreignText(error.message),
  );
  const finding: Finding = {
    ...{ severity: "fault", kind: "removed", subject: host.node },
    ...(answer === undefined
      ? {
          message: `${removed}, and this host still has what was made for it`,
          fix: updateCommand(stack),
        }
      : {
          message: `${removed}, and this host cannot be cleaned, because it does not answer (${answer}); if it never will again, let go of it`,
          fix: anewCommand(host.urn, stack),
        }),
  };
  const { node, login } = host;
  const report = { node, address: login.host, wanted: 0, findings: [finding] };
  return { host, report };
}

function isRemoved({ findings }: HostReport): boolean {
  return findings.some(({ kind }) => kind === "removed");
}

async function look(
  { host, behind }: ExpectedHost,
  sessions: Sessions,
  stack: StackName,
): Promise<Looked> {
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
    const said = await runOn(
      client,
      pipedCommand("look", host.sudo),
      scriptInput(input, script),
      lookPatience,
    );
    const facts = readHostFacts(said);
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

/** A login that may only do what an update does is one of docs/hosts.md. */
function loginHint({ login }: HostState): string {
  return `; verify looks by means of sudo -n sh, and ${login.user} may not use it there: give verify's stack a login that may, see "A login that can do nothing else" in docs/hosts.md`;
}
