import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { directory } from "../mockedStack.ts";
import { declareOverlay } from "./flannelSupport.ts";

/** What kubectl does in one call. */
interface Answer {
  /** Shell commands that are run before the answer, with `$here` for the directory of the fake kubectl. */
  readonly does?: string;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly status?: number;
}

/** Answers by a text that the call contains; the first match counts. Of a list, each call gets the next answer, and later calls the last. */
export type Answers = Record<
  string,
  string | Answer | readonly (string | Answer)[]
>;

const label = "pod-network-routes/owner";
export const owner = "project.stack.overlay";

/** All objects of the overlay, as kubectl selects them. */
export const owned = `daemonsets,configmaps,serviceaccounts,clusterrolebindings,clusterroles,namespaces -A -l ${label}=${owner}`;

/** What an apply says that fails once it has changed something. */
export const stays = [
  `the objects of ${label}=${owner} stay; once it is fixed: pulumi up`,
  `to take them out by hand: kubectl delete ${owned}`,
];

/** Objects of the overlay as KIND|NAMESPACE|NAME|OWNER. */
export function rows(namespace = "kube-flannel", whose = owner): string[] {
  return [
    `DaemonSet|${namespace}|kube-flannel-ds|${whose}`,
    `ConfigMap|${namespace}|kube-flannel-cfg|${whose}`,
    `ServiceAccount|${namespace}|flannel|${whose}`,
    `ClusterRoleBinding||flannel|${whose}`,
    `ClusterRole||flannel|${whose}`,
    `Namespace||${namespace}|${whose}`,
  ];
}

/** The same objects with their contents, as kubectl prints them for `look`. */
export function contents(
  of: Readonly<Record<string, string>> = {},
  namespace = "kube-flannel",
): string {
  return rows(namespace)
    .map((row) => {
      const [kind = "", where = "", name = ""] = row.split("|");
      return line(kind, where, name, of[kind] ?? `map[of:"${kind}"]`);
    })
    .join("");
}

export const lines = (...text: string[]) => text.map((l) => `${l}\n`).join("");

/** Rows `a|b|c` as kubectl prints them by the script's templates. */
export const quoted = (...list: string[]) =>
  list.map((row) => line(...row.split("|"))).join("");

/** One row of any values, quoted like `%+q` of Go. */
export const line = (...values: string[]) =>
  lines(
    values.map((value) => `"${[...value].map(goCode).join("")}"`).join(" "),
  );

function goCode(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = (digits: number) => code.toString(16).padStart(digits, "0");
  if (character === '"' || character === "\\") {
    return `\\${character}`;
  }
  if (character === "\n") {
    return "\\n";
  }
  if (code >= 0x20 && code <= 0x7e) {
    return character;
  }
  return code < 0x80
    ? `\\x${hex(2)}`
    : code < 0x10000
      ? `\\u${hex(4)}`
      : `\\U${hex(8)}`;
}

/** A cluster in which everything succeeds, without the overlay at first. */
const good: Answers = {
  "get --raw /version": "{}",
  ".spec.podCIDRs": quoted(
    "have|server|10.244.9.0/24",
    "have|node-0|10.244.1.0/24",
    "have|node-1|10.244.2.0/24",
  ),
  "/public-ip": quoted(
    "have|server||",
    "have|node-0|10.240.0.20|",
    "have|node-1|10.240.0.21|",
  ),
  "get -f": ["", quoted(...rows())],
  "get daemonsets -A": "",
  "get namespace": "namespace/kube-flannel\n",
  "get --ignore-not-found -f": contents(),
  "--dry-run=server -f - -o": contents(),
  "--dry-run=server": lines(
    "namespace/kube-flannel serverside-applied (server dry run)",
  ),
  "apply --server-side": lines("namespace/kube-flannel serverside-applied"),
  "rollout status": "",
  [`-l ${label}=`]: quoted(...rows()),
  "api-resources": lines(
    "configmaps",
    "pods",
    "events",
    "events.events.k8s.io",
    "pods.metrics.k8s.io",
  ),
  "-o name": "configmap/kube-root-ca.crt\nserviceaccount/default\n",
};

/** The result of a script. */
export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  /** Standard error without the prefix of its own lines. */
  readonly stderr: string;
  /** Standard error. */
  readonly raw: string;
  /** The calls of kubectl, without their time limit and template. */
  readonly calls: string[];
  /** The calls that change something. */
  readonly changes: string[];
  /** The manifests that kubectl was given to apply, one per call. */
  readonly applied: string[];
}

/** Options of a run. */
export interface Run {
  /** Arguments of the component. */
  readonly args?: object;
  /** Seconds that the script waits for the addresses of nodes. */
  readonly patience?: number;
  /** Seconds that a call of kubectl may take. */
  readonly limit?: number;
  /** A directory with the host's `sh` and `awk`. */
  readonly tools?: string;
  readonly env?: Record<string, string>;
  readonly home?: string;
}

/** A script that can be run, with the program's commands or by itself. */
export interface Prepared {
  /** The home and temporary directory. Only `bin` may be in it when the script has ended. */
  readonly place: string;
  /** The directory of kubectl, where it also writes what it was asked. */
  readonly bin: string;
  readonly create: string;
  readonly delete: string;
  readonly stdin: string;
  readonly env: Record<string, string>;
}

/** Prepares the script, with a kubectl that gives these answers. */
export async function prepare(
  answers: Answers = {},
  { args, patience = 0, limit = 300, tools, env = {}, home }: Run = {},
): Promise<Prepared> {
  const place = mkdtempSync(join(directory, "kubectl-"));
  const bin = join(place, "bin");
  mkdirSync(bin);
  // the answers of the test are tried first
  writeFake(bin, { ...answers, ...good, ...answers });
  const { command } = await declareOverlay(args);
  const own = tools === undefined ? "" : `${tools}:`;
  return {
    place,
    bin,
    create: command.create,
    delete: command.delete,
    // it is a secret if there is a pre-shared key
    stdin: pulumi.runtime
      .unwrapRpcSecret(command.stdin)
      .replace("\nPATIENCE=30\n", `\nPATIENCE=${patience}\n`)
      .replace("\nCALL=300\n", `\nCALL=${limit}\n`)
      .replace("\nPATH=", `\nPATH=${bin}:${own}`),
    env: {
      PATH: `${own}/usr/bin:/bin`,
      HOME: home ?? place,
      TMPDIR: place,
      ...env,
    },
  };
}

/** Runs the script by the command of the component, with a kubectl that gives these answers. */
export async function run(
  verb: "apply" | "remove" | "look",
  answers: Answers = {},
  options: Run = {},
): Promise<Ran> {
  const { place, bin, stdin, env, ...prepared } = await prepare(
    answers,
    options,
  );
  const commands = {
    apply: prepared.create,
    remove: prepared.delete,
    look: prepared.create.replace(/ apply'$/, " look'"),
  };
  const { status, stdout, stderr } = spawnSync("sh", ["-c", commands[verb]], {
    input: stdin,
    encoding: "utf8",
    cwd: place,
    env,
    timeout: 60_000,
  });
  const left = readdirSync(place).filter((name) => name !== "bin");
  if (left.length > 0) {
    throw new Error(`the script left ${left.join()}`);
  }
  const calls = callsIn(bin);
  return {
    status,
    stdout,
    raw: stderr,
    calls,
    stderr: stderr.replace(/^pod-network-routes: /gm, ""),
    changes: calls.filter((call) => /^(apply|delete) /.test(call)),
    applied: readdirSync(bin)
      .filter((name) => name.startsWith("applied"))
      .sort()
      .map((name) => readFileSync(join(bin, name), "utf8")),
  };
}

function callsIn(bin: string): string[] {
  const path = join(bin, "calls");
  return (existsSync(path) ? readFileSync(path, "utf8") : "")
    .split("\n")
    .slice(0, -1)
    .map((call) =>
      call
        .replace(/^--request-timeout=\d+s /, "")
        .replace(/ -o (jsonpath|go-template)=.*$/, ""),
    );
}

/** Writes a kubectl that records its calls and the manifests, and a sleep that returns at once. */
function writeFake(bin: string, answers: Answers): void {
  const cases = Object.entries(answers).map(([part, given], i) => {
    const all = [given].flat() as (string | Answer)[];
    for (const [n, one] of all.entries()) {
      const answer = typeof one === "string" ? { stdout: one } : one;
      const { does = "", stdout = "", stderr = "", status = 0 } = answer;
      writeFileSync(join(bin, `${i}.${n}.sh`), does);
      writeFileSync(join(bin, `${i}.${n}.out`), stdout);
      writeFileSync(join(bin, `${i}.${n}.err`), stderr);
      writeFileSync(join(bin, `${i}.${n}.status`), String(status));
    }
    return `*'${part}'*) answer ${i} ${all.length - 1} ;;`;
  });
  const script = `#!/bin/sh
here=${bin}
printf '%s\\n' "$*" >>"$here/calls"
case "$*" in
*'apply --server-side'*)
	cat >"$here/applied$(grep -c 'apply --server-side' "$here/calls")" ;;
esac
answer() {
	n=$(cat "$here/$1.n" 2>/dev/null || echo 0)
	[ "$n" -ge "$2" ] || echo $((n + 1)) >"$here/$1.n"
	. "$here/$1.$n.sh"
	cat "$here/$1.$n.out"
	cat "$here/$1.$n.err" >&2
	exit "$(cat "$here/$1.$n.status")"
}
case "$*" in
${cases.join("\n")}
esac
`;
  writeFileSync(join(bin, "kubectl"), script);
  writeFileSync(join(bin, "sleep"), "#!/bin/sh\n");
  chmodSync(join(bin, "kubectl"), 0o755);
  chmodSync(join(bin, "sleep"), 0o755);
}
