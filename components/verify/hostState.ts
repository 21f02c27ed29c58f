import { readRouteLine } from "../core/runs";
import { readHostInput } from "../hostInput";
import { usesSudo } from "../pipedScript";
import type { Login } from "../ssh/login";
import type { Wanted } from "./compare";
import type { StackResource } from "./state";

/** What a host is to be like, as the stack's state tells. */
export interface HostState {
  readonly urn: string;
  readonly node: string;
  readonly owner: string;
  /** Seconds between two looks of the host at its own routes. */
  readonly heal: string;
  /** Families whose packets it forwards, 4 and 6. */
  readonly forward: readonly string[];
  readonly routes: readonly Wanted[];
  /** Lines of the block in /etc/hosts: ADDRESS NAME. */
  readonly hosts: readonly string[];
  readonly sudo: boolean;
  readonly login: Login;
  readonly bastion: Login | undefined;
}

/** The connection of a command, as the provider takes it. */
interface Connection {
  readonly host: string;
  readonly port?: number;
  readonly user?: string;
  readonly hostKey?: string;
  readonly privateKey?: string;
  readonly privateKeyPassword?: string;
  readonly agentSocketPath?: string;
  readonly proxy?: Connection;
}

/** Reads what a command of the hosts target makes of its host. */
export function readHostState(
  { urn, inputs }: StackResource,
  nodeOf: ReadonlyMap<string, string>,
): HostState {
  const { connection, create, stdin } = inputs as {
    connection: Connection;
    create: string;
    stdin: string;
  };
  const facts = readHostInput(stdin);
  const all = (word: string) =>
    facts.filter(([first]) => first === word).map(([, ...rest]) => rest);
  const one = (word: string) => all(word)[0]?.[0] ?? "";
  return {
    urn,
    node: one("node"),
    owner: one("owner"),
    heal: one("heal"),
    forward: all("forward").flat(),
    routes: facts
      .flatMap(readRouteLine)
      .map((hop) => ({ ...hop, node: nodeOf.get(hop.destination) })),
    hosts: all("hosts").map((words) => words.join(" ")),
    sudo: usesSudo(create),
    login: toLogin(connection),
    bastion: connection.proxy && toLogin(connection.proxy),
  };
}

function toLogin(connection: Connection): Login {
  return {
    host: connection.host,
    port: connection.port ?? 22,
    user: connection.user ?? "root",
    hostKey: connection.hostKey,
    privateKey: connection.privateKey,
    passphrase: connection.privateKeyPassword,
    agentSocket: connection.agentSocketPath,
  };
}
