import { appendFileSync } from "node:fs";
import type { Fault } from "../core/faults.ts";
import type { Route } from "../inventory/routeTable.ts";

/** The routes of one route table, network, subnet or router, and those that it should have. */
export interface CloudTable {
  /** What has the routes. */
  readonly holder: string;
  readonly wanted: readonly Route[];
  readonly real: readonly {
    /** Canonical CIDR. */
    readonly destination: string;
    readonly nextHop: string;
    /** The whole route, as the cloud's tool shows it. */
    readonly text: string;
  }[];
}

/** What a component of a cloud has found out. */
export interface CloudFindings {
  readonly component: string;
  readonly cloud: string;
  readonly tables: readonly CloudTable[];
  readonly faults: readonly Fault[];
  readonly warnings: readonly string[];
  /** The command that restores a route of ours that was deleted or changed. */
  readonly fix: string;
}

/** The environment variable that names the file to which the components of clouds write their findings. */
export const findingsFile = "POD_NETWORK_ROUTES_FINDINGS";

/** Appends the findings of one component, as one line of JSON, to the file that {@link findingsFile} names. */
export function reportFindings(findings: CloudFindings): void {
  const file = process.env[findingsFile];
  if (file !== undefined) {
    appendFileSync(file, `${JSON.stringify(findings)}\n`);
  }
}
