import { foreignText } from "../core/plainText.ts";
import { anewCommand, type StackName } from "../stack/pulumiCommands.ts";
import { capped } from "./findings.ts";
import type { OverlayState } from "./overlayState.ts";
import type { Finding } from "./report.ts";
import { onHost } from "./sshCommand.ts";

/** The script prints fewer lines. */
const mostLines = 100_000;

const objectForm =
  /^(missing|differs|stale) ([A-Za-z]{1,40}) (-|[a-z0-9-]{1,63}) ([a-z0-9.:-]{1,253})$/;
const podForm = /^[a-z0-9][a-z0-9.-]{0,252}$/;
const usingForm =
  /^using (\/[A-Za-z0-9_./-]{1,1023}(?: --kubeconfig \/[A-Za-z0-9_./@+-]{1,1023})?)$/;

/** What `flannelOverlay.sh look` printed of an overlay, as findings; undefined if that is not all that it prints. */
export function overlayFindings(
  said: string,
  overlay: OverlayState,
  stack: StackName,
): Finding[] | undefined {
  const [using = "", ...lines] = said.trimEnd().split("\n", mostLines);
  const isWhole = lines.pop() === "looked";
  const [, kubectl = "kubectl"] = usingForm.exec(using) ?? [];
  const look = new Look(overlay, stack, kubectl);
  const findings = lines
    .map((line) => look.finding(line))
    .filter((one) => one !== undefined);
  return isWhole && findings.length === lines.length
    ? capped(findings)
    : undefined;
}

class Look {
  private readonly nodes: ReadonlySet<string>;
  private readonly anew: string;

  private readonly overlay: OverlayState;
  private readonly stack: StackName;
  private readonly kubectl: string;

  constructor(overlay: OverlayState, stack: StackName, kubectl: string) {
    this.overlay = overlay;
    this.stack = stack;
    this.kubectl = kubectl;
    this.nodes = new Set(overlay.nodes);
    this.anew = anewCommand(overlay.urn, stack);
  }

  finding(line: string): Finding | undefined {
    const [word = "", name = "", ...rest] = line.split(" ");
    const text = foreignText(rest.join(" "));
    if (objectForm.test(line)) {
      return this.object(line);
    }
    if (word === "unfit") {
      const [message = "", fix] = foreignText(
        line.slice(word.length),
        600,
      ).split(/; (.*)/);
      const usual = `correct the inventory, or the node in Kubernetes, and then: ${this.anew}`;
      return fault("cluster", message, fix ?? usual);
    }
    if (word === "rollout") {
      return fault(
        "DaemonSet kube-flannel-ds",
        `has not come to every node: ${[foreignText(name), text].join(" ")}`,
        `look at its pods: ${this.run("get pods -l app=flannel -o wide")}`,
      );
    }
    return this.nodes.has(name) ? this.node(word, name, text) : undefined;
  }

  private object(line: string): Finding {
    const [word = "", kind, namespace, name] = line.split(" ");
    const subject = `${kind} ${namespace === "-" ? "" : `${namespace}/`}${name}`;
    const messages: Record<string, string> = {
      missing: "is not in the cluster",
      differs: "is not in the cluster as the stack says",
      stale: "is in the cluster, and not wanted any more",
    };
    return fault(subject, messages[word] ?? "", this.anew);
  }

  private node(word: string, node: string, text: string): Finding | undefined {
    switch (word) {
      case "absent":
        return fault(
          node,
          "flannel does not run on this node",
          `a taint that flannel.tolerations does not bear keeps flannel away; look for one: ${this.run(`describe node ${node}`)}`,
        );
      case "unready": {
        const [pod = "", ...reasons] = text.split(" ");
        return fault(
          node,
          `flannel is not ready on this node: ${reasons.join(" ")}`,
          podForm.test(pod)
            ? `look at its log: ${this.run(`logs ${pod} -c kube-flannel --tail=20`)}`
            : undefined,
        );
      }
      case "address": {
        const again = `delete pods -l app=flannel --field-selector spec.nodeName=${node}`;
        return fault(
          node,
          text,
          `choose the interface that has the internal IP with flannel.interfaces; if that is right, have flannel start again on this node: ${this.run(again)}`,
        );
      }
      default:
        return undefined;
    }
  }

  /** A command of kubectl on the controller. */
  private run(words: string): string {
    const command = `${this.kubectl} -n ${this.overlay.namespace} ${words}`;
    return onHost(this.overlay, this.stack, command);
  }
}

function fault(subject: string, message: string, fix?: string): Finding {
  return {
    ...{ severity: "fault", kind: "overlay", subject, message },
    ...(fix !== undefined && { fix }),
  };
}
