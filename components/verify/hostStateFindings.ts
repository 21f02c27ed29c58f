import type { HostState, OddHost } from "../hosts/hostState.ts";
import { type StackName, updateCommand } from "../stack/pulumiCommands.ts";
import type { AbsentHost } from "./expectedHosts.ts";
import { fault, note } from "./makeFinding.ts";
import type { Finding, HostReport } from "./verifyReport.ts";

/** The report on a wanted node for which the state has no command. */
export function absentReport(
  { node, address, wanted }: AbsentHost,
  stack: StackName,
): HostReport {
  const message =
    "no update got as far as this host: the stack's state has no command for it";
  const findings = [fault("state", node, message, updateCommand(stack))];
  return { node, address, wanted, findings };
}

/** The report on a host whose command in the state is not one of ours. */
export function oddReport(
  { node, address, odd }: OddHost,
  stack: StackName,
): HostReport {
  const findings = [fault("state", node, odd, updateCommand(stack))];
  return { node, address, wanted: 0, findings };
}

/** A note if the state has no host key for the host or its bastion. */
export function hostKeyNotes({
  login,
  bastion,
  node,
}: Pick<HostState, "login" | "bastion" | "node">): Finding[] {
  const unchecked = [login, bastion]
    .filter((end) => end !== undefined && end.hostKey === undefined)
    .map((end) => end?.host);
  const message = `ssh.hostKeyCheck is false: whoever answers at ${unchecked.join(" or ")} is taken for the host, and all that is said of it here may be a lie`;
  return unchecked.length === 0 ? [] : [note("host-key", node, message)];
}

/** A fault if the command was given other input than the component wants: an update failed, or was of some resources only. */
export function behindFaults(
  { node }: HostState,
  behind: readonly string[],
  stack: StackName,
): Finding[] {
  const message = `no update with the present inventory and configuration got as far as this host: it was told other ${behind.join(", ")}`;
  return behind.length === 0
    ? []
    : [fault("behind", node, message, updateCommand(stack))];
}
