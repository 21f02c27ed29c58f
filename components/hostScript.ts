import { createHash } from "node:crypto";
import { join } from "node:path";
import { readScript, shell } from "./pipedScript";
import type { Installation } from "./ssh/call";

/**
 * The script on the hosts. An `up` puts it there (see ssh/check.ts), once for all stacks and until the next
 * boot, in a file that is named by its content: what a command names is what is run, and a command is short.
 */
const source = join(__dirname, "hostPodRoutes.sh");
const directory = "/run/pod-network-routes";
/** Where the script records what is whose. */
const records = "/var/lib/pod-network-routes";

function script(): { readonly text: string; readonly hash: string } {
  const text = `${readScript(source)}\n`;
  return { text, hash: createHash("sha256").update(text).digest("hex") };
}

function path(): string {
  return `${directory}/${script().hash.slice(0, 12)}.sh`;
}

/** Makes a host as standard input says. */
export function convergeCommand(sudo: boolean): string {
  return `${shell(sudo)} ${path()} converge`;
}

/** Undoes it, with the script that has done it. A host that has been installed anew has nothing of this owner's. */
export function removeCommand(owner: string): (sudo: boolean) => string {
  const record = `${records}/${owner}`;
  return (sudo) =>
    `sh -c 'r=${record}; [ -e $r ] && exec ${shell(sudo)} $r/hostPodRoutes.sh remove; cat >/dev/null'`;
}

/**
 * Puts the script on a host where it is not yet. Standard input is one command of the shell, which writes the
 * text by itself: of one that was cut short, nothing is run.
 */
export function installation(sudo: boolean): Installation {
  const file = path();
  const text = script().text.replaceAll("'", `'\\''`);
  return {
    command: `test -e ${file} || exec ${shell(sudo)} -c '(eval "$(cat)"); test -e ${file} || { echo "${file} could not be put there" >&2; exit 1; }'`,
    input: `{ umask 022; mkdir -p ${directory} && printf %s '${text}' >${file}.$$ && mv ${file}.$$ ${file} || rm -f ${file}.$$; }\n`,
  };
}
