import { foreignText } from "../core/plainText";
import { type StackName, updateCommand } from "./commands";
import type { OverlayReport } from "./report";
import type { StackResource } from "./state";

/** Looks at an overlay of flannel. @param resources those of its stack */
export async function verifyOverlay(
  { urn }: StackResource,
  resources: readonly StackResource[],
  stack: StackName,
): Promise<OverlayReport> {
  const component = foreignText(urn.slice(-300).split("::").at(-1) ?? "");
  const commands = resources.filter(
    ({ type, parent }) => type === "command:remote:Command" && parent === urn,
  );
  if (commands.length === 0) {
    return {
      component,
      findings: [
        {
          ...{ severity: "fault", kind: "state", subject: component },
          message:
            "no update got as far as this overlay: the stack's state has no command for it",
          mend: updateCommand(stack),
        },
      ],
    };
  }
  return {
    component,
    unlooked:
      "an overlay of flannel is not looked at; what the cluster knows of it: kubectl get pods -A -l app=flannel -o wide",
    findings: [],
  };
}
