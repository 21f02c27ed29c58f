import { foreignText } from "../core/plainText.ts";
import {
  anewCommand,
  recoverCommand,
  type StackName,
  updateCommand,
} from "../stack/pulumiCommands.ts";
import { isUrn, resourceName } from "../stack/urn.ts";
import { firstOf } from "./findings.ts";
import type { Finding } from "./report.ts";
import type { StackResource, StackState } from "./state.ts";

/** What runs of Pulumi have left unfinished in a stack's state. */
export function unfinishedFindings(
  { resources, pending }: StackState,
  stack: StackName,
): Finding[] {
  return [
    ...pendingFindings(pending, stack),
    ...resources
      .filter((one) => one.delete)
      .map((one) => leftBehind(one, resources, stack)),
    ...resources
      .filter((one) => one.pendingReplacement && !one.delete)
      .map(({ urn }) => ({
        ...unfinished(urn),
        message:
          "a replacement was interrupted: what this resource stood for was taken away, and is still to be made anew",
        fix: updateCommand(stack),
      })),
  ];
}

function unfinished(urn: string) {
  return {
    severity: "fault" as const,
    kind: "unfinished" as const,
    subject: resourceName(urn),
  };
}

function pendingFindings(
  pending: StackState["pending"],
  stack: StackName,
): Finding[] {
  if (pending.length === 0) {
    return [];
  }
  const first = firstOf(
    pending.map(
      ({ type, urn }) => `${foreignText(type, 40)} ${resourceName(urn)}`,
    ),
  );
  return [
    {
      ...{ severity: "fault", kind: "unfinished", subject: "Pulumi" },
      message: `began this and did not record how it ended: ${first.join(", ")}; if a pulumi command still runs on this stack, wait for it; if none does, it was killed`,
      fix: recoverCommand(stack),
    },
  ];
}

/** Pulumi finds no resource by its URN while another has the same: an update has to delete the one that is left first. */
function leftBehind(
  { urn }: StackResource,
  resources: readonly StackResource[],
  stack: StackName,
): Finding {
  const twin =
    isUrn(urn) &&
    resources.some(
      (one) => one.urn === urn && !one.delete && one.type === hostCommand,
    );
  return {
    ...unfinished(urn),
    message: `was replaced by another, and what it made is still to be taken away${twin ? "; that cleans the host, which has to be set up again afterwards" : ""}`,
    fix: twin
      ? `${updateCommand(stack)} && ${anewCommand(urn, stack)}`
      : updateCommand(stack),
  };
}

const hostCommand = "command:remote:Command";
