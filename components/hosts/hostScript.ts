import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { shellWord } from "../core/shellWord.ts";
import type { Installation } from "../ssh/installation.ts";
import { shell } from "../ssh/pipedScript.ts";

const source = join(import.meta.dirname, "hostPodRoutes.sh");
const directory = "/run/pod-network-routes";
/** Where the script records what belongs to which owner. */
const records = "/var/lib/pod-network-routes";

interface Script {
  readonly text: string;
  /** Where it is on a host. */
  readonly path: string;
  /** A condition of the shell: a file is this script. */
  is(file: string): string;
}

let script: Script | undefined;

/**
 * The script on the hosts. An `up` puts it there (see ssh/installation.ts), once for all stacks and until the next
 * boot. The name of the file is the beginning of its SHA-256. The whole hash is compared when it is put there, and
 * again each time before it is run: a file of that name with other contents is replaced, and never run.
 */
function theScript(): Script {
  if (script === undefined) {
    const text = readFileSync(source, "utf8");
    const hash = createHash("sha256").update(text).digest("hex");
    script = {
      text,
      path: `${directory}/${hash.slice(0, 12)}.sh`,
      is: (file) => `[ "$(sha256sum <${file})" = "${hash}  -" ]`,
    };
  }
  return script;
}

/** The command that sets up a host as its standard input says. */
export function convergeCommand(sudo: boolean): string {
  const { path, is } = theScript();
  return `sh -c '${is(path)} && exec ${shell(sudo)} ${path} converge; echo "${path} is missing or has other contents; a warning before says why it could not be put there" >&2; exit 1'`;
}

/** The command that undoes this, with the copy of the script that did it. On a host without a record of this owner it does nothing, because the host was installed anew. */
export function removeCommand(owner: string, sudo: boolean): string {
  const record = `${records}/${owner}`;
  return `sh -c 'r=${record}; [ -e $r ] && exec ${shell(sudo)} $r/hostPodRoutes.sh remove; cat >/dev/null'`;
}

/** The command that installs the script, which is its standard input, on a host that does not have it yet. A script that does not arrive complete is not installed. */
export function installation(sudo: boolean): Installation {
  const { text, path, is } = theScript();
  const unfinished = `${path}.$$`;
  const steps = [
    "umask 022",
    `mkdir -p ${directory} && cat >${unfinished} && ${is(unfinished)} && mv ${unfinished} ${path} && exit`,
    `rm -f ${unfinished}`,
    `echo "${path} could not be put there" >&2`,
    "exit 1",
  ];
  const put = `${shell(sudo)} -c ${shellWord(steps.join("; "))}`;
  const command = `[ -e ${path} ] && ${is(path)} || exec ${put}`;
  return { command: `sh -c ${shellWord(command)}`, input: text };
}
