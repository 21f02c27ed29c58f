import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compareAddresses } from "./core/cidr";
import type { Node } from "./core/inventory";
import type { Route } from "./core/plan";

/** What one host is told. */
export interface HostFacts {
  readonly owner: string;
  readonly node: Node;
  readonly adoptExisting: boolean;
  readonly healInterval: number;
  readonly routes: readonly Route[];
  /** The nodes that /etc/hosts is to name. */
  readonly named: readonly Node[];
  /** The whole route table: packets of its address families are forwarded. */
  readonly table: readonly Route[];
}

const marker = "--- hostPodRoutes.sh";

/** Standard input of the command on a host: facts, one a line, then the script that makes them true. */
export function hostInput(facts: HostFacts): string {
  const { owner, node } = facts;
  const families = new Set(
    facts.table.map((r) => (r.destination.includes(":") ? 6 : 4)),
  );
  const lines = [
    `owner ${owner}`,
    `node ${node.name} ${node.address}`,
    `adopt ${facts.adoptExisting ? "yes" : "no"}`,
    `heal ${facts.healInterval}`,
    ...[...families].sort().map((family) => `forward ${family}`),
    ...facts.routes.map(
      (route) => `route ${route.destination} via ${route.nextHop}`,
    ),
    ...hostsLines(facts.named),
  ];
  const bad = lines.find((line) => /[^ -~]/.test(line));
  if (bad !== undefined) {
    throw new Error(`not a line for a host: ${JSON.stringify(bad)}`);
  }
  return [...lines, marker, script(), ""].join("\n");
}

function hostsLines(nodes: readonly Node[]): string[] {
  return nodes
    .flatMap((node) => node.internalIps.map((ip) => ({ ip, node })))
    .sort((a, b) => compareAddresses(a.ip, b.ip))
    .map(({ ip, node }) => `hosts ${ip.text} ${node.name}`);
}

/**
 * The command that runs the script out of its own standard input: the error of a failed command
 * quotes it, so it is short. A connection that broke half-way leaves an input without its end,
 * of which nothing is run.
 */
export function hostCommand(
  verb: "converge" | "remove",
  sudo: boolean,
): string {
  const shell = sudo ? "sudo -n sh" : "sh";
  return `sh -c 'm="${marker}"; in=$(cat); case $in in *"$m"*esac) printf "%s\\n" "$in" | ${shell} -c "\${in#*"$m"}" pod-network-routes ${verb};; *) echo "input is cut short" >&2; exit 1;; esac'`;
}

let cached: string | undefined;

/** The script without its comments, which are for who reads the source: it is kept in the state once a host. */
function script(): string {
  cached ??= readFileSync(join(__dirname, "hostPodRoutes.sh"), "utf8")
    .split("\n")
    .filter((line) => !/^\s*(#.*)?$/.test(line))
    .join("\n");
  return cached;
}
