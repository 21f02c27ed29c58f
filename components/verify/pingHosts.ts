import { join } from "node:path";
import type { Client } from "ssh2";
import type { HostState } from "../hosts/hostState.ts";
import type { Route } from "../inventory/routeTable.ts";
import { pipedCommand, scriptInput } from "../ssh/pipedScript.ts";
import { runOn } from "../ssh/remoteCommand.ts";
import type { HostFacts } from "./hostFacts.ts";
import {
  type Ping,
  type PingEnd,
  pairs,
  pingEnds,
  pingReport,
} from "./pingPlan.ts";
import type { HostReport, Pings } from "./verifyReport.ts";

/** What was found when a host was looked at. */
export interface HostLook {
  readonly host: HostState;
  readonly client?: Client;
  readonly facts?: HostFacts;
  readonly report: HostReport;
}

const script = join(import.meta.dirname, "hostLook.sh");

/**
 * Pings from the pods of each host to those of all others.
 *
 * @param table the routes of all hosts
 * @param forEach runs a task for each host, some at once
 */
export async function pingAll(
  looks: readonly HostLook[],
  table: readonly Route[],
  forEach: (
    looks: readonly HostLook[],
    task: (look: HostLook) => Promise<string[]>,
  ) => Promise<string[][]>,
): Promise<Pings> {
  const left: Pings["left"] = [];
  const ends: PingEnd[] = [];
  const routes = Map.groupBy(table, ({ node }) => node);
  for (const { host, facts, report } of looks) {
    const { node } = host;
    const podCidrs = routes.get(node)?.map(({ destination }) => destination);
    if (podCidrs === undefined) {
      continue;
    }
    const found =
      facts === undefined
        ? `could not be looked at: ${report.unreachable ?? report.unlooked}`
        : pingEnds(node, podCidrs, facts);
    if (typeof found === "string") {
      left.push({ node, reason: found });
    } else {
      ends.push(...found);
    }
  }
  const all = pairs(ends);
  const bySource = Map.groupBy(all, ({ from }) => from.node);
  const answered = await forEach(looks, async ({ host, client }) => {
    const pings = bySource.get(host.node);
    return client === undefined || pings === undefined
      ? []
      : await pingFrom(client, host, pings);
  });
  return pingReport(ends, all, new Set(answered.flat()), left);
}

/** The pings of these that were answered, as SOURCE TARGET. */
async function pingFrom(
  client: Client,
  host: HostState,
  pings: readonly Ping[],
): Promise<string[]> {
  const input = pings.map(
    ({ from, to }) => `ping ${from.pid ?? "-"} ${from.address} ${to.address}`,
  );
  const asked = new Set(
    pings.map(({ from, to }) => `${from.address} ${to.address}`),
  );
  const printed = await runOn(
    client,
    pipedCommand("ping", host.sudo),
    scriptInput(input, script),
    30_000 + pings.length * 500,
  ).catch(() => "");
  // other lines than the answers to its own pings are not counted
  return printed
    .split("\n", 2 * pings.length)
    .map((line) => line.replace(/^pinged /, ""))
    .filter((line) => asked.has(line));
}
