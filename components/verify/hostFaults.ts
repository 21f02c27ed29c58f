import type { HostState, OddHost } from "../hosts/hostState.ts";
import { type StackName, updateCommand } from "../stack/pulumiCommands.ts";
import type { AbsentHost } from "./expected.ts";
import type { Finding, HostReport } from "./report.ts";

export function absentReport(
  { node, address, wanted }: AbsentHost,
  stack: StackName,
): HostReport {
  return {
    ...{ node, address, wanted },
    findings: [
      {
        ...{ severity: "fault", kind: "state", subject: node },
        message:
          "no update got as far as this host: the stack's state has no command for it",
        fix: updateCommand(stack),
      },
    ],
  };
}

export function oddReport(
  { node, address, odd: message }: OddHost,
  stack: StackName,
): HostReport {
  const finding = { severity: "fault", kind: "state", subject: node } as const;
  return {
    ...{ node, address, wanted: 0 },
    findings: [{ ...finding, message, fix: updateCommand(stack) }],
  };
}

/** Whether the host that answers, or the bastion before it, has to show a key is recorded in the state. */
export function hostKeyNotes({
  login,
  bastion,
  node,
}: Pick<HostState, "login" | "bastion" | "node">): Finding[] {
  const unchecked = [login, ...(bastion ? [bastion] : [])]
    .filter(({ hostKey }) => hostKey === undefined)
    .map(({ host }) => host);
  return unchecked.length === 0
    ? []
    : [
        {
          ...{ severity: "note", kind: "host-key", subject: node },
          message: `ssh.hostKeyCheck is false: whoever answers at ${unchecked.join(" or ")} is taken for the host, and all that is said of it here may be a lie`,
        },
      ];
}

/** An update did not get as far as this host, or was of some resources only. */
export function behindFaults(
  { node }: HostState,
  behind: readonly string[],
  stack: StackName,
): Finding[] {
  return behind.length === 0
    ? []
    : [
        {
          ...{ severity: "fault", kind: "behind", subject: node },
          message: `no update with the present inventory and configuration got as far as this host: it was told other ${behind.join(", ")}`,
          fix: updateCommand(stack),
        },
      ];
}
