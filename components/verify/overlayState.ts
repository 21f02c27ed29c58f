import { foreignText } from "../core/plainText.ts";
import type { HostState } from "../hosts/hostState.ts";
import { usesSudo } from "../ssh/pipedScript.ts";
import { recordedInputs, recordedLogin } from "../ssh/recordedInputs.ts";
import { isUrn } from "../stack/urn.ts";
import type { StackResource } from "./exportedState.ts";

/** An overlay by the stack's state, and how to reach its controller. */
export interface OverlayState
  extends Pick<HostState, "urn" | "sudo" | "login" | "bastion"> {
  /** The facts and the manifest, as lines of the standard input of flannelOverlay.sh. */
  readonly input: readonly string[];
  readonly namespace: string;
  readonly nodes: readonly string[];
}

/** The forms of the facts in their order. flannelOverlay.sh itself checks them more strictly. */
const forms: readonly RegExp[] = [
  /^owner [A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
  /^kubectl [A-Za-z0-9_./][A-Za-z0-9_./-]{0,1023}$/,
  /^kubeconfig \/[A-Za-z0-9_./@+-]{1,1023}$/,
  /^adopt (yes|no)$/,
  /^namespace [a-z0-9][a-z0-9-]{0,62}$/,
  /^timeout [1-9][0-9]{1,4}$/,
];
const nodeForm =
  /^node ([a-z0-9][a-z0-9.-]{0,252}) [0-9a-f.:/,]{3,90} [0-9a-f.:,]{2,80}$/;

/** The greatest number of bytes of a manifest, and of nodes. */
const mostManifest = 2 ** 20;
const mostNodes = 10_000;

/** Reads the command of an overlay. If no component writes such a command, returns what is odd; nothing is sent to a host then. */
export function readOverlayState({
  urn,
  inputs,
}: StackResource): OverlayState | string {
  const { success, data, error } = recordedInputs.safeParse(inputs);
  if (!success) {
    return odd(`no usable ${error.issues[0]?.path.join(".") || "command"}`);
  }
  if (!isUrn(urn)) {
    return odd(`"${urn}", which is no name of a resource`);
  }
  const { connection, create, stdin } = data;
  const lines = stdin.split("\n");
  const input = lines.slice(0, lines.indexOf("--- script"));
  const start = input.indexOf("manifest");
  const facts = input.slice(0, Math.max(start, 0));
  const single = facts.filter((line) => !line.startsWith("node "));
  const nodes = facts
    .slice(single.length)
    .map((line) => nodeForm.exec(line)?.[1]);
  const wanted = forms.filter(
    (_, i) => i !== 2 || single[2]?.startsWith("kubeconfig "),
  );
  const bad =
    single.find((line, i) => !wanted[i]?.test(line)) ??
    facts.find(
      (_, i) => nodes[i - single.length] === undefined && i >= single.length,
    ) ??
    input.find((line) => /[^ -~]/.test(line));
  if (bad !== undefined) {
    return odd(`"${bad}", which is no fact about a cluster`);
  }
  if (
    single.length !== wanted.length ||
    nodes.length === 0 ||
    nodes.length > mostNodes ||
    input.slice(start).join("\n").length > mostManifest
  ) {
    return odd("too few facts about a cluster, or too many");
  }
  return {
    urn,
    input,
    sudo: usesSudo(create),
    namespace: single.find((line) => /^namespace /.test(line))?.slice(10) ?? "",
    nodes: nodes.filter((name) => name !== undefined),
    login: recordedLogin(connection),
    bastion: connection.proxy && recordedLogin(connection.proxy),
  };
}

function odd(what: string): string {
  return `the stack's state says of this overlay ${foreignText(what)}; somebody has changed the state, and nothing is asked of its controller`;
}
