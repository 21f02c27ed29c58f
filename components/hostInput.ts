import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compareAddresses } from "./core/cidr";
import type { Node } from "./core/inventory";
import type { Route } from "./core/plan";
import { routeLines } from "./core/runs";

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

const marker = "--- script";
const asRoot = "sudo -n sh";

/** Standard input of the command on a host that makes these facts true. */
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
    ...routeLines(facts.routes),
    ...hostsLines(facts.named),
  ];
  return scriptInput(lines, join(__dirname, "hostPodRoutes.sh"));
}

/** The facts that an input made by {@link hostInput} states, as the words of its lines. */
export function readHostInput(input: string): string[][] {
  const [facts = ""] = input.split(`\n${marker}\n`);
  return facts.split("\n").map((line) => line.split(" "));
}

/** Standard input of a command of {@link hostCommand}: facts, one a line, then the script that is to read them. */
export function scriptInput(facts: readonly string[], script: string): string {
  const bad = facts.find((line) => /[^ -~]/.test(line));
  if (bad !== undefined) {
    throw new Error(`not a line for a host: ${JSON.stringify(bad)}`);
  }
  return [...facts, marker, readScript(script), ""].join("\n");
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
  verb: "converge" | "remove" | "look" | "ping" | "apply",
  sudo: boolean,
): string {
  const shell = sudo ? asRoot : "sh";
  return `sh -c 'm="${marker}"; in=$(cat); p() { printf "%s\\n" "$in"; }; case $in in *"$m"*esac) p | ${shell} -c "$(p | sed "1,/^$m/d")" pod-network-routes ${verb};; *) echo "input is cut short" >&2; exit 1;; esac'`;
}

/** Whether a command of {@link hostCommand} becomes root. */
export function usesSudo(command: string): boolean {
  return command.includes(asRoot);
}

const scripts = new Map<string, string>();

/** A script without its comments, which are for who reads the source: it is kept in the state once a host. */
function readScript(path: string): string {
  const text =
    scripts.get(path) ??
    readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => !/^\s*(#.*)?$/.test(line))
      .join("\n");
  scripts.set(path, text);
  return text;
}
