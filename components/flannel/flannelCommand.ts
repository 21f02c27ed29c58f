import { join } from "node:path";
import type { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { troubledHosts } from "../ssh/hostCheck.ts";
import { pipedCommand, scriptInput } from "../ssh/pipedScript.ts";
import { scriptCommand } from "../ssh/scriptCommand.ts";
import { alone, type Gate } from "../stack/gate.ts";
import { known } from "../stack/known.ts";
import { stackResources } from "../stack/recorded.ts";
import type { FlannelPlan } from "./flannelPlan.ts";

/**
 * The command on the controller that puts the overlay into the cluster, and removes it when the command is deleted.
 */
export function createFlannelCommand(
  parent: pulumi.Resource,
  name: string,
  plan: FlannelPlan,
  owner: pulumi.Output<string>,
  manifestYaml: pulumi.Output<string>,
  gate: Pick<Gate, "pass"> = alone,
): remote.Command {
  const stdin = pulumi
    .all([owner, manifestYaml])
    .apply(([owned, yaml]) => flannelInput(plan, owned, yaml));
  const troubled = gate.pass(async (lookIsGood) =>
    troubledHosts(plan, parent, await stackResources(parent), async () => {
      await known(stdin); // throws if the pre-shared key has the wrong form
      await lookIsGood();
    }),
  );
  return scriptCommand(
    name,
    {
      node: plan.controller.name,
      create: (sudo) => pipedCommand("apply", sudo),
      delete: (sudo) => pipedCommand("remove", sudo),
      stdin,
    },
    plan,
    troubled,
    { parent },
  );
}

/**
 * Standard input of the command on the controller: facts, the manifest, and the script that reads both.
 * `check_input` in the script says which form they have, and refuses every other.
 */
export function flannelInput(
  plan: FlannelPlan,
  owner: string,
  manifestYaml: string,
): string {
  const { flannel, adoptExisting, cluster } = plan;
  const families = new Set(flannel.network.map(({ family }) => family));
  const facts = [
    `owner ${owner}`,
    `kubectl ${flannel.kubectl}`,
    ...(flannel.kubeconfig === undefined
      ? []
      : [`kubeconfig ${flannel.kubeconfig}`]),
    `adopt ${adoptExisting ? "yes" : "no"}`,
    `namespace ${flannel.namespace}`,
    `timeout ${flannel.rolloutTimeout}`,
    ...cluster
      .filter(({ podCidrs }) => podCidrs.length > 0)
      .map((node) => {
        const ips = node.internalIps.filter(({ family }) =>
          families.has(family),
        );
        return `node ${node.name} ${texts(node.podCidrs)} ${texts(ips)}`;
      }),
    "manifest",
    ...manifestYaml.trimEnd().split("\n"),
  ];
  return scriptInput(facts, join(import.meta.dirname, "flannelOverlay.sh"));
}

function texts(list: readonly { readonly text: string }[]): string {
  return list.map(({ text }) => text).join(",");
}
