import { readFileSync } from "node:fs";

const asRoot = "sudo -n sh";

/** The lines that mark the beginning and the end of a script in a standard input. */
const begin = "--- script";
const end = "--- end";

/** Standard input of a command of {@link pipedCommand}: facts, one a line, then the unchanged script that reads them. */
export function scriptInput(facts: readonly string[], path: string): string {
  const script = readFileSync(path, "utf8");
  return [...factLines(facts), begin, `${script}${end}`, ""].join("\n");
}

/** Facts as lines for a host. Throws if one is not a line of printable ASCII, or could be taken for a line around the script. */
export function factLines(facts: readonly string[]): readonly string[] {
  const bad = facts.find(
    (line) =>
      /[^ -~]/.test(line) || line.startsWith(begin) || line.startsWith(end),
  );
  if (bad !== undefined) {
    throw new Error(`not a line for a host: ${JSON.stringify(bad)}`);
  }
  return facts;
}

/**
 * The command that runs the script in its own standard input, and hands it all of that input. The script is not a
 * part of the command, because Pulumi quotes a command that fails. It is not written to a file either, because the
 * facts may hold a key. If the last line is missing, the connection broke, and nothing is run.
 */
export function pipedCommand(
  verb: "remove" | "look" | "ping" | "apply",
  sudo: boolean,
): string {
  const steps = [
    "input=$(cat)",
    `all() { printf "%s\\n" "$input"; }`,
    `case $input in *"${end}") ;; *) echo "input is cut short" >&2; exit 1;; esac`,
    `script=$(all | sed "1,/^${begin}/d; /^${end}/d")`,
    `all | ${shell(sudo)} -c "$script" pod-network-routes ${verb}`,
  ];
  return `sh -c '${steps.join("; ")}'`;
}

/** The command of the shell, with sudo or without. */
export function shell(sudo: boolean): string {
  return sudo ? asRoot : "sh";
}

/** Whether a command of ours becomes root by sudo. */
export function usesSudo(command: string): boolean {
  return command.includes(asRoot);
}
