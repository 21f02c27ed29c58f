import { readFileSync } from "node:fs";

const marker = "--- script";
const asRoot = "sudo -n sh";

/** Standard input of a command of {@link pipedCommand}: facts, one a line, then the script that is to read them. */
export function scriptInput(facts: readonly string[], script: string): string {
  return [...factLines(facts), marker, readScript(script), ""].join("\n");
}

/** Facts as lines for a host. Throws if one is not a line of printable ASCII, or could be taken for the line before the script. */
export function factLines(facts: readonly string[]): readonly string[] {
  const bad = facts.find(
    (line) => /[^ -~]/.test(line) || line.startsWith(marker),
  );
  if (bad !== undefined) {
    throw new Error(`not a line for a host: ${JSON.stringify(bad)}`);
  }
  return facts;
}

/**
 * The command that runs a script out of its own standard input: the error of a failed command
 * quotes it, so it is short. A connection that broke half-way leaves an input without its end,
 * of which nothing is run.
 */
export function pipedCommand(
  verb: "remove" | "look" | "ping" | "apply",
  sudo: boolean,
): string {
  return `sh -c 'm="${marker}"; in=$(cat); p() { printf "%s\\n" "$in"; }; case $in in *"$m"*esac) p | ${shell(sudo)} -c "$(p | sed "1,/^$m/d")" pod-network-routes ${verb};; *) echo "input is cut short" >&2; exit 1;; esac'`;
}

/** The shell, run by root if it is by sudo. */
export function shell(sudo: boolean): string {
  return sudo ? asRoot : "sh";
}

/** Whether a command of ours becomes root by sudo. */
export function usesSudo(command: string): boolean {
  return command.includes(asRoot);
}

const scripts = new Map<string, string>();

/** A script without its comments, which are for who reads the source. */
export function readScript(path: string): string {
  const text =
    scripts.get(path) ??
    readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => !/^\s*(#.*)?$/.test(line))
      .join("\n");
  scripts.set(path, text);
  return text;
}
