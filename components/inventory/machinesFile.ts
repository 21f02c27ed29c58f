import type { Faults } from "../core/faults.ts";
import { show } from "../core/faults.ts";
import { shellFile } from "../core/shellFile.ts";
import { shellWord } from "../core/shellWord.ts";
import { type Node, readNode } from "./nodes.ts";

const format = "expected IPV4 FQDN HOST [POD_SUBNET], separated by spaces";

/**
 * Reads a `machines.txt` file: one machine a line, `IPV4 FQDN HOST [POD_SUBNET]`, separated by spaces.
 * A row without a subnet is no worker. Blank lines and `# comments` are allowed.
 *
 * @param name how messages call the file, for example its path
 */
export function readMachines(
  text: string,
  name: string,
  faults: Faults,
): Node[] {
  if (text.startsWith("\ufeff")) {
    faults.add(
      `${name}:1`,
      `starts with a byte order mark, remove it${sedCommand("1s/^\\xef\\xbb\\xbf//", name)}`,
    );
  }
  if (text.includes("\r")) {
    faults.add(
      name,
      `has Windows line ends, convert them${sedCommand("s/\\r$//", name)}`,
    );
  }
  const rows = text
    .replace(/^\ufeff/, "")
    .split(/\r?\n/)
    .map((line, i) => ({ line, at: `${name}:${i + 1}` }))
    .filter(({ line }) => !/^\s*(#.*)?$/.test(line));
  if (rows.length === 0) {
    faults.add(name, `lists no machine, ${format}`);
  }
  return rows.flatMap(({ line, at }) => readRow(line, at, name, faults) ?? []);
}

/** The command that fixes the file, after a colon; empty if the file's name cannot be part of a command. */
function sedCommand(script: string, name: string): string {
  const file = shellFile(name);
  return file === undefined ? "" : `: sed -i ${shellWord(script)} ${file}`;
}

function readRow(
  line: string,
  at: string,
  name: string,
  faults: Faults,
): Node | undefined {
  if (line.includes("\t")) {
    faults.add(
      at,
      `${show(line)} has a tab, ${format}${sedCommand("s/\\t/ /g", name)}`,
    );
    return undefined;
  }
  const [ip, fqdn, host, subnet, ...rest] = line.trim().split(/ +/);
  if (host === undefined || rest.length > 0) {
    const count = line.trim().split(/ +/).length;
    faults.add(at, `${show(line)} has ${count} columns, ${format}`);
    return undefined;
  }
  const columns: Record<string, string> = {
    internalIp: "IPV4",
    aliases: "FQDN",
    name: "HOST",
    podCidrs: "POD_SUBNET",
  };
  return readNode(
    {
      name: host,
      internalIp: ip,
      aliases: [fqdn],
      ...(subnet === undefined ? {} : { podCidrs: [subnet] }),
    },
    at,
    faults,
    (key) => `${at} ${columns[key] ?? key}`,
  );
}
