import { foreignText } from "../core/plainText.ts";
import { commandType } from "../ssh/recordedInputs.ts";
import {
  anewCommand,
  recoverCommand,
  type StackName,
  updateCommand,
} from "../stack/pulumiCommands.ts";
import { isUrn, resourceName } from "../stack/urn.ts";
import type { StackResource, StackState } from "./exportedState.ts";
import { fault, firstFew } from "./makeFinding.ts";
import type { Finding } from "./verifyReport.ts";

/** A fault for everything that runs of Pulumi left unfinished in a stack's state. */
export function unfinishedFindings(
  { resources, pending }: StackState,
  stack: StackName,
): Finding[] {
  return [
    ...pendingFindings(pending, stack),
    ...resources
      .filter((one) => one.delete)
      .map((one) => replacedFinding(one, resources, stack)),
    ...resources
      .filter((one) => one.pendingReplacement && !one.delete)
      .map(({ urn }) =>
        fault(
          "unfinished",
          resourceName(urn),
          "a replacement was interrupted: what this resource stood for was taken away, and is still to be made anew",
          updateCommand(stack),
        ),
      ),
  ];
}

function pendingFindings(
  pending: StackState["pending"],
  stack: StackName,
): Finding[] {
  const operations = pending.map(
    ({ type, urn }) => `${foreignText(type, 40)} ${resourceName(urn)}`,
  );
  const message = `began this and did not record how it ended: ${firstFew(operations).join(", ")}; if a pulumi command still runs on this stack, wait for it; if none does, it was killed`;
  return pending.length === 0
    ? []
    : [fault("unfinished", "Pulumi", message, recoverCommand(stack))];
}

/**
 * An old resource that is still to be deleted. If a command on the same host has its URN, deleting the old one cleans
 * the host, which has to be set up again then. Commands of Pulumi that take a URN work once the old one is deleted.
 */
function replacedFinding(
  { urn }: StackResource,
  resources: readonly StackResource[],
  stack: StackName,
): Finding {
  const message =
    "was replaced by another, and what it made is still to be taken away";
  const update = updateCommand(stack);
  const hasTwin =
    isUrn(urn) &&
    resources.some(
      (one) => one.urn === urn && !one.delete && one.type === commandType,
    );
  return hasTwin
    ? fault(
        "unfinished",
        resourceName(urn),
        `${message}; that cleans the host, which has to be set up again afterwards`,
        `${update} && ${anewCommand(urn, stack)}`,
      )
    : fault("unfinished", resourceName(urn), message, update);
}
