import { Faults, FaultsError, show } from "../core/faults.ts";
import { join } from "../core/schema.ts";
import { shellWord } from "../core/shellWord.ts";
import type { Node } from "../inventory/nodes.ts";
import type { Hosts } from "./endpoints.ts";
import type { HostAnswer } from "./preflight.ts";

/** The message about names of hosts, or of the bastion, that do not exist; undefined if all exist. */
export function unknownNames(
  findings: readonly HostAnswer[],
  { byNode, bastion }: Hosts,
  cluster: readonly Node[],
): string | undefined {
  const faults = new Faults();
  const missing = findings.filter(({ state }) => state === "no such name");
  const add = (path: string, host: string, whose: string) =>
    faults.add(
      path,
      `${show(host)} of ${whose} is a name that does not exist, expected an address or a name that this machine can resolve: getent ahosts ${shellWord(host)}`,
    );
  if (bastion !== undefined && missing.some(({ atBastion }) => atBastion)) {
    add("ssh.bastion.host", bastion.host, "the bastion");
  }
  for (const { node } of missing.filter(({ atBastion }) => !atBastion)) {
    const path = cluster.find(({ name }) => name === node)?.path ?? node;
    add(join(path, "address"), byNode.get(node)?.host ?? "", node);
  }
  const what = "hosts have names that do not exist";
  return faults.all.length === 0
    ? undefined
    : new FaultsError(what, faults.all).message;
}
