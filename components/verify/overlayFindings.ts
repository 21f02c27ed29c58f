import { foreignText } from "../core/plainText.ts";
import { anewCommand, type StackName } from "../stack/pulumiCommands.ts";
import { capped, fault } from "./makeFinding.ts";
import type { OverlayState } from "./overlayState.ts";
import { onHost } from "./sshCommand.ts";
import type { Finding } from "./verifyReport.ts";

/** The script prints fewer lines. */
const mostLines = 100_000;

const objectForm =
  /^(missing|differs|stale) ([A-Za-z]{1,40}) (-|[a-z0-9-]{1,63}) ([a-z0-9.:-]{1,253})$/;
const podForm = /^[a-z0-9][a-z0-9.-]{0,252}$/;
const usingForm =
  /^using (\/[A-Za-z0-9_./-]{1,1023}(?: --kubeconfig \/[A-Za-z0-9_./@+-]{1,1023})?)$/;

const objectMessages: Record<string, string> = {
  missing: "is not in the cluster",
  differs: "is not in the cluster as the stack says",
  stale: "is in the cluster, and not wanted any more",
};

/** The findings in the output of `flannelOverlay.sh look`; undefined if the output is incomplete or has other lines. */
export function overlayFindings(
  printed: string,
  overlay: OverlayState,
  stack: StackName,
): Finding[] | undefined {
  const [using = "", ...lines] = printed.trimEnd().split("\n", mostLines);
  const isComplete = lines.pop() === "looked";
  const [, kubectl = "kubectl"] = usingForm.exec(using) ?? [];
  const onController = (words: string) =>
    onHost(overlay, stack, `${kubectl} -n ${overlay.namespace} ${words}`);
  const anew = anewCommand(overlay.urn, stack);
  const nodes = new Set(overlay.nodes);
  const findings = lines
    .map((line) => findingOf(line, nodes, anew, onController))
    .filter((one) => one !== undefined);
  return isComplete && findings.length === lines.length
    ? capped(findings)
    : undefined;
}

/** @param kubectl the command that runs kubectl with these words on the controller */
function findingOf(
  line: string,
  nodes: ReadonlySet<string>,
  anew: string,
  kubectl: (words: string) => string,
): Finding | undefined {
  const [, state = "", kind, namespace, object] = objectForm.exec(line) ?? [];
  if (kind !== undefined) {
    const subject = `${kind} ${namespace === "-" ? "" : `${namespace}/`}${object}`;
    return fault("overlay", subject, objectMessages[state] ?? "", anew);
  }
  const [word = "", name = "", ...rest] = line.split(" ");
  const text = foreignText(rest.join(" "));
  if (word === "unfit") {
    const [message = "", fix] = foreignText(line.slice(word.length), 600).split(
      /; (.*)/,
    );
    const usual = `correct the inventory, or the node in Kubernetes, and then: ${anew}`;
    return fault("overlay", "cluster", message, fix ?? usual);
  }
  if (word === "rollout") {
    const message = `has not come to every node: ${foreignText(name)} ${text}`;
    const fix = `look at its pods: ${kubectl("get pods -l app=flannel -o wide")}`;
    return fault("overlay", "DaemonSet kube-flannel-ds", message, fix);
  }
  return nodes.has(name) ? nodeFinding(word, name, text, kubectl) : undefined;
}

function nodeFinding(
  word: string,
  node: string,
  text: string,
  kubectl: (words: string) => string,
): Finding | undefined {
  if (word === "absent") {
    const fix = `a taint that flannel.tolerations does not bear keeps flannel away; look for one: ${kubectl(`describe node ${node}`)}`;
    return fault("overlay", node, "flannel does not run on this node", fix);
  }
  if (word === "unready") {
    const [pod = "", ...reasons] = text.split(" ");
    const message = `flannel is not ready on this node: ${reasons.join(" ")}`;
    const fix = podForm.test(pod)
      ? `look at its log: ${kubectl(`logs ${pod} -c kube-flannel --tail=20`)}`
      : undefined;
    return fault("overlay", node, message, fix);
  }
  if (word === "address") {
    const restart = `delete pods -l app=flannel --field-selector spec.nodeName=${node}`;
    const fix = `choose the interface that has the internal IP with flannel.interfaces; if that is right, have flannel start again on this node: ${kubectl(restart)}`;
    return fault("overlay", node, text, fix);
  }
  return undefined;
}
