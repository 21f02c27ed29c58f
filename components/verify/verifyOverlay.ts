import { join } from "node:path";
import { foreignText } from "../core/plainText.ts";
import { pipedCommand, scriptInput } from "../ssh/pipedScript.ts";
import { commandType } from "../ssh/recordedInputs.ts";
import { runOn } from "../ssh/remoteCommand.ts";
import { Sessions } from "../ssh/sessions.ts";
import { type StackName, updateCommand } from "../stack/pulumiCommands.ts";
import { resourceName } from "../stack/urn.ts";
import type { StackResource } from "./exportedState.ts";
import { hostKeyNotes } from "./hostStateFindings.ts";
import { fault } from "./makeFinding.ts";
import { overlayFindings } from "./overlayFindings.ts";
import { type OverlayState, readOverlayState } from "./overlayState.ts";
import type { Finding, OverlayReport } from "./verifyReport.ts";

const script = join(import.meta.dirname, "../flannel/flannelOverlay.sh");

/** How long a look may take, in milliseconds: the script sends several requests to the API server. */
const lookPatience = 120_000;

/** Looks at an overlay of flannel on its controller. @param resources those of its stack */
export async function verifyOverlay(
  { urn }: StackResource,
  resources: readonly StackResource[],
  stack: StackName,
): Promise<OverlayReport> {
  const component = resourceName(urn);
  const command = resources.find(
    ({ type, parent }) => type === commandType && parent === urn,
  );
  if (command === undefined) {
    const message =
      "no update got as far as this overlay: the stack's state has no command for it";
    const findings = [fault("state", component, message, updateCommand(stack))];
    return { component, findings };
  }
  const overlay = readOverlayState(command);
  if (typeof overlay === "string") {
    return { component, unlooked: overlay, findings: [] };
  }
  const notes = hostKeyNotes({ ...overlay, node: component });
  try {
    const findings = await look(overlay, stack);
    return { component, findings: [...notes, ...findings] };
  } catch (error) {
    const why = foreignText((error as Error).message, mostReason);
    const unlooked = `${overlay.login.host}: ${why.replaceAll(prefix, "")}`;
    return { component, unlooked, findings: notes };
  }
}

/** The script begins each of its messages with this. */
const prefix = "pod-network-routes: ";

/** How many characters of a reason are shown. */
const mostReason = 1000;

async function look(
  overlay: OverlayState,
  stack: StackName,
): Promise<Finding[]> {
  const sessions = new Sessions();
  try {
    const client = await sessions.to(overlay.login, overlay.bastion);
    const printed = await runOn(
      client,
      pipedCommand("look", overlay.sudo),
      scriptInput(overlay.input, script),
      lookPatience,
    );
    const findings = overlayFindings(printed, overlay, stack);
    if (findings === undefined) {
      throw new Error("printed something that is not what its script prints");
    }
    return findings;
  } finally {
    await sessions.end();
  }
}
