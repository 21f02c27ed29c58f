import { join } from "node:path";
import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { hostCommand, scriptInput } from "../hostInput";
import { troubledHosts } from "../ssh/check";
import { becomesRoot, connectionTo } from "../ssh/connect";
import type { FlannelPlan } from "./plan";

/**
 * The command that puts the overlay into the cluster, on the controller, and takes it out again when
 * it is deleted.
 */
export function createFlannelCommand(
  parent: pulumi.Resource,
  name: string,
  plan: FlannelPlan,
  owner: string,
  manifestYaml: pulumi.Input<string>,
): remote.Command {
  const { ssh, controller } = plan;
  const troubled = ssh.preflight
    ? troubledHosts(plan, parent)
    : Promise.resolve(new Map<string, never>());
  return new remote.Command(
    name,
    {
      connection: troubled.then((findings) =>
        connectionTo(controller.name, plan, findings.get(controller.name)),
      ),
      create: hostCommand("apply", becomesRoot(ssh)),
      delete: hostCommand("remove", becomesRoot(ssh)),
      stdin: pulumi
        .output(manifestYaml)
        .apply((yaml) => flannelInput(plan, owner, yaml)),
      addPreviousOutputInEnv: false,
      // The provider hangs on a host that prints a line of more than 64 KiB, if it shows the output.
      logging: remote.Logging.None,
    },
    // Nothing of ours replaces the command. A user's --replace would apply, and then remove what it made.
    { parent, deleteBeforeReplace: true },
  );
}

/** Standard input of the command on the controller: facts, the manifest, and the script that reads both. */
function flannelInput(
  plan: FlannelPlan,
  owner: string,
  manifestYaml: string,
): string {
  const { flannel, adoptExisting, cluster } = plan;
  const families = new Set(plan.networks.map(({ family }) => family));
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
  return scriptInput(facts, join(__dirname, "../flannelOverlay.sh"));
}

function texts(list: readonly { readonly text: string }[]): string {
  return list.map(({ text }) => text).join(",");
}
