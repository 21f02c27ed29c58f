import { parseAddress, parseCidr } from "../core/cidr.ts";
import { foreignText, printable } from "../core/plainText.ts";
import type { Login } from "../ssh/endpoints.ts";
import { usesSudo } from "../ssh/pipedScript.ts";
import { recordedInputs, recordedLogin } from "../ssh/recordedInputs.ts";
import { isUrn, resourceName } from "../stack/urn.ts";
import { readHostInput } from "./hostInput.ts";
import { type Hop, readRouteLine } from "./runs.ts";

/** A route that a host is to have. */
interface HostRoute extends Hop {
  /** The node that the route leads to, where it is known. */
  readonly node: string | undefined;
}

/** What a host is to have, as the standard input of its command says. */
export interface HostInput {
  readonly node: string;
  /** The address that the node has in the inventory. */
  readonly address: string;
  readonly owner: string;
  /** Seconds between two looks of the host at its own routes. */
  readonly heal: string;
  /** Families whose packets it forwards, 4 and 6. */
  readonly forward: readonly string[];
  readonly routes: readonly HostRoute[];
  /** Lines of the block in /etc/hosts: ADDRESS NAME. */
  readonly hosts: readonly string[];
}

/** What the stack's state says of a host: what it is to have, and how to reach it. */
export interface HostState extends HostInput {
  readonly urn: string;
  readonly sudo: boolean;
  readonly login: Login;
  readonly bastion: Login | undefined;
}

/** A host of which the state says something that no component of ours writes. Nothing is sent to it. */
export interface OddHost {
  readonly node: string;
  readonly address: string;
  /** What is odd, as a message. */
  readonly odd: string;
}

export function isOdd(host: HostState | OddHost): host is OddHost {
  return "odd" in host;
}

/** `hostLook.sh` takes 20,000 lines: the owner, and at most two for each route. */
const mostRoutes = 9_999;

/** The exact forms of the facts that are read here, as hostPodRoutes.sh takes them; routes are parsed after that. */
const forms: Record<string, RegExp> = {
  owner: /^owner [A-Za-z0-9_][A-Za-z0-9._-]{0,199}$/,
  node: /^node [a-z0-9][a-z0-9.-]{0,252} [A-Za-z0-9.:-]{1,255}$/,
  heal: /^heal [1-9][0-9]{0,3}$/,
  forward: /^forward [46]$/,
  hosts: /^hosts [0-9a-f.:]{2,39} [a-z0-9][a-z0-9.-]{0,252}$/,
  route: /^route \S{3,43} via \S{2,39}$/,
  routes:
    /^routes [1-9][0-9]{1,3} from [0-9.]+\/[0-9]+ via [0-9.]+ to [0-9.]+\/[0-9]+ via [0-9.]+$/,
};

/**
 * Reads from a command of the hosts target what its host should have.
 *
 * @param nodeOf which node has which pod CIDR, where that is known
 */
export function readHostState(
  { urn, inputs }: { readonly urn: string; readonly inputs: unknown },
  nodeOf: ReadonlyMap<string, string> = new Map(),
): HostState | OddHost {
  const { success, data, error } = recordedInputs.safeParse(inputs);
  if (!success) {
    const [issue] = error.issues;
    const where = issue?.path.join(".") ?? "";
    return odd(resourceName(urn), "", `no usable ${where || "command"}`);
  }
  const { connection, create, stdin } = data;
  const found = (what: string) => {
    const [, named = resourceName(urn)] =
      linesOf(stdin).find((words) => words[0] === "node" && !isBad(words)) ??
      [];
    return odd(named, connection.host, what);
  };
  if (!isUrn(urn)) {
    return found(`"${urn}", which is no name of a resource`);
  }
  const told = readInput(stdin, nodeOf);
  if (typeof told === "string") {
    return found(told);
  }
  return {
    ...told,
    urn,
    sudo: usesSudo(create),
    login: recordedLogin(connection),
    bastion: connection.proxy && recordedLogin(connection.proxy),
  };
}

/** Reads the standard input of a command. If no component writes it, returns as text what is odd. */
export function readInput(
  stdin: string,
  nodeOf: ReadonlyMap<string, string>,
): HostInput | string {
  const lines = linesOf(stdin);
  const bad = lines.find((words) => isBad(words));
  if (bad !== undefined) {
    return `"${bad.join(" ")}", which is no fact about a host`;
  }
  const all = (word: string) =>
    lines.filter(([first]) => first === word).map(([, ...rest]) => rest);
  const twice = ["owner", "node", "heal"].find((w) => all(w).length !== 1);
  if (twice !== undefined) {
    return `${all(twice).length} times "${twice}", not once`;
  }
  const routes = readRoutes(lines);
  if (typeof routes === "string") {
    return routes;
  }
  const [node = "", address = ""] = all("node")[0] ?? [];
  const one = (word: string) => all(word)[0]?.[0] ?? "";
  return {
    node,
    address,
    owner: one("owner"),
    heal: one("heal"),
    forward: all("forward").flat(),
    routes: routes.map((hop) => ({
      ...hop,
      node: nodeOf.get(hop.destination),
    })),
    hosts: all("hosts").map((words) => words.join(" ")),
  };
}

function linesOf(stdin: string): string[][] {
  return readHostInput(stdin).filter((words) => words.join("") !== "");
}

function odd(node: string, address: string, what: string): OddHost {
  return {
    node,
    address,
    odd: `the stack's state says of this host ${foreignText(what)}; somebody has changed the state, and nothing is asked of this host`,
  };
}

function isBad(words: readonly string[]): boolean {
  const form = forms[words[0] ?? ""];
  const line = words.join(" ");
  return Object.hasOwn(forms, words[0] ?? "") && form !== undefined
    ? !form.test(line)
    : printable(line) !== line;
}

/** The routes that a host is to have; or, as text, a value that is no route. */
function readRoutes(lines: readonly (readonly string[])[]): Hop[] | string {
  const all: Hop[] = [];
  for (const words of lines) {
    const line = `"${words.join(" ")}"`;
    try {
      all.push(...readRouteLine(words));
    } catch {
      return `${line}, which is no route`;
    }
    if (all.length > mostRoutes) {
      return `more than ${mostRoutes} routes`;
    }
  }
  const bad = all.find((route) => !isRoute(route));
  return bad === undefined
    ? all
    : `${bad.destination} via ${bad.nextHop}, which is no route`;
}

function isRoute(route: Hop): boolean {
  const cidr = parseCidr(route.destination);
  const hop = parseAddress(route.nextHop);
  return (
    typeof cidr !== "string" &&
    typeof hop !== "string" &&
    cidr.family === hop.family &&
    hop.text === route.nextHop
  );
}
