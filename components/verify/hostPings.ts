import { join } from "node:path";
import type { Client } from "ssh2";
import type { HostState } from "../hosts/hostState.ts";
import type { Route } from "../inventory/routeTable.ts";
import { pipedCommand, scriptInput } from "../ssh/pipedScript.ts";
import { runOn } from "../ssh/remoteCommand.ts";
import { each, type Pace } from "./each.ts";
import type { HostFacts } from "./hostFacts.ts";
import {
  type Ping,
  type PingEnd,
  pairs,
  pingEnds,
  pingReport,
} from "./pings.ts";
import type { HostReport, Pings } from "./report.ts";

/** A host that was looked at. */
export interface Looked {
  readonly host: HostState;
  readonly client?: Client;
  readonly facts?: HostFacts;
  readonly report: HostReport;
}

const script = join(import.meta.dirname, "hostLook.sh");

/** Pings from each of these hosts' pods to all the others'. @param table the routes of all of them */
export async function pingAll(
  looked: readonly Looked[],
  table: readonly Route[],
  pace: Pace,
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
        ? `could not be looked at: ${report.unreachable ?? report.unlooked}`
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
    pace,
    ({ host, client }) =>
      client === undefined
        ? []
        : pingFrom(
            client,
            host,
            all.filter(({ from }) => from.node === host.node),
          ),
    "pinged from",
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
