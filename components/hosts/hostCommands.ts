import type { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { podRoutes } from "../inventory/routeTable.ts";
import { troubledHosts } from "../ssh/hostCheck.ts";
import { scriptCommand } from "../ssh/scriptCommand.ts";
import { alone, type Gate } from "../stack/gate.ts";
import { kept } from "../stack/kept.ts";
import { known } from "../stack/known.ts";
import { defaultOwner } from "../stack/owner.ts";
import { type StackResources, stackResources } from "../stack/recorded.ts";
import { formerHosts, keepUnreachable } from "./formerHosts.ts";
import type { HostPlan } from "./hostArgs.ts";
import { hostInput } from "./hostInput.ts";
import { convergeCommand, installation, removeCommand } from "./hostScript.ts";
import { namedOn, routesFor } from "./hostWants.ts";
import {
  commandName,
  type RecordedCommand,
  recordedCommands,
} from "./recordedCommands.ts";

/**
 * One command a host, by node name. None is registered before every host has shown the right key; those of hosts
 * that do not answer come last, so that they hold up no other.
 */
export async function createHostCommands(
  parent: pulumi.Resource,
  name: string,
  plan: HostPlan,
  gate: Pick<Gate, "pass"> = alone,
): Promise<Map<string, remote.Command>> {
  const owner = kept(`${name}-owner`, defaultOwner(name), parent, plan.owner);
  const table = podRoutes(plan.cluster);
  const state = stackResources(parent);
  const recorded = inState(state, parent, owner);
  const keepFormer = async () => {
    const former = formerHosts((await recorded).commands, plan.cluster);
    await keepUnreachable(former, plan, parent);
  };
  const troubled = gate.pass(async (lookIsGood) =>
    troubledHosts(
      plan,
      parent,
      await state,
      lookIsGood,
      installation,
      keepFormer,
    ),
  );
  const { component, commands: before } = await recorded;
  const commands = new Map<string, remote.Command>();
  for (const node of plan.cluster) {
    const after = troubled.then((findings): pulumi.Resource[] =>
      findings.has(node.name)
        ? [...commands].flatMap(([n, c]) => (findings.has(n) ? [] : [c]))
        : [],
    );
    const facts = {
      node,
      adoptExisting: plan.adoptExisting,
      healInterval: plan.healInterval,
      table,
      routes: routesFor(node, plan, table),
      named: namedOn(node, plan),
    };
    const usual = `${name}-${node.name}@${node.address.replaceAll(":", "_")}`;
    const command = scriptCommand(
      commandName(usual, node, component, before),
      {
        node: node.name,
        stdin: owner.apply((owned) => hostInput({ ...facts, owner: owned })),
        create: convergeCommand,
        delete: (sudo) => owner.apply((owned) => removeCommand(owned, sudo)),
      },
      plan,
      troubled,
      { parent, dependsOn: after },
    );
    commands.set(node.name, command);
  }
  return commands;
}

/** The URN of the component, and the commands that the state has of this owner. */
async function inState(
  state: Promise<StackResources | undefined>,
  parent: pulumi.Resource,
  owner: pulumi.Output<string>,
): Promise<{ component: string; commands: RecordedCommand[] }> {
  const [resources = {}, both] = await Promise.all([
    state,
    known(pulumi.all([parent.urn, owner])),
  ]);
  const [component = "", owned = ""] = both?.value ?? [];
  return { component, commands: recordedCommands(resources, owned) };
}
