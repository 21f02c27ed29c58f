import { join } from "node:path";
import { foreignText } from "../core/plainText.ts";
import { pipedCommand, scriptInput } from "../ssh/pipedScript.ts";
import { runOn } from "../ssh/remoteCommand.ts";
import { Sessions } from "../ssh/sessions.ts";
import { type StackName, updateCommand } from "../stack/pulumiCommands.ts";
import { resourceName } from "../stack/urn.ts";
import { hostKeyNotes } from "./hostFaults.ts";
import { overlayFindings } from "./overlayLook.ts";
import { type OverlayState, readOverlayState } from "./overlayState.ts";
import type { Finding, OverlayReport } from "./report.ts";
import type { StackResource } from "./state.ts";

const script = join(import.meta.dirname, "../flannel/flannelOverlay.sh");

/** How long a controller may take to tell what its cluster has, in milliseconds: some requests to the API server. */
const patience = 120_000;

/** Looks at an overlay of flannel, by way of its controller. @param resources those of its stack */
export async function verifyOverlay(
  { urn }: StackResource,
  resources: readonly StackResource[],
  stack: StackName,
): Promise<OverlayReport> {
  const component = resourceName(urn);
  const command = resources.find(
    ({ type, parent }) => type === "command:remote:Command" && parent === urn,
  );
  if (command === undefined) {
    return {
      component,
      findings: [
        {
          ...{ severity: "fault", kind: "state", subject: component },
          message:
            "no update got as far as this overlay: the stack's state has no command for it",
          fix: updateCommand(stack),
        },
      ],
    };
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
    const unlooked = `${overlay.login.host}: ${why.replaceAll(saidBy, "")}`;
    return { component, unlooked, findings: notes };
  }
}

/** What the script begins each of its lines with. */
const saidBy = "pod-network-routes: ";

/** So many characters of a reason are shown. */
const mostReason = 1000;

async function look(
  overlay: OverlayState,
  stack: StackName,
): Promise<Finding[]> {
  const sessions = new Sessions();
  try {
    const client = await sessions.to(overlay.login, overlay.bastion);
    const said = await runOn(
      client,
      pipedCommand("look", overlay.sudo),
      scriptInput(overlay.input, script),
      patience,
    );
    const findings = overlayFindings(said, overlay, stack);
    if (findings === undefined) {
      throw new Error("printed something that is not what its script prints");
    }
    return findings;
  } finally {
    await sessions.end();
  }
}
