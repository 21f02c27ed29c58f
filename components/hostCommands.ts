import type { remote } from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import type { Route } from "./core/plan";
import type { HostPlan } from "./hostArgs";
import { hostInput } from "./hostInput";
import { convergeCommand, installation, removeCommand } from "./hostScript";
import { namedOn, routesFor } from "./hostWants";
import { defaultOwner } from "./owner";
import { scriptCommand } from "./scriptCommand";
import { troubledHosts } from "./ssh/check";

/**
 * One command a host. None is registered before every host has shown the right key; those of hosts
 * that do not answer come last, so that they hold up no other.
 */
export function createHostCommands(
  parent: pulumi.Resource,
  name: string,
  plan: HostPlan,
  table: readonly Route[],
): Map<string, remote.Command> {
  const commands = new Map<string, remote.Command>();
  const troubled = troubledHosts(plan, parent, installation);
  const owned = plan.owner ?? defaultOwner(name);
  for (const node of plan.cluster) {
    const after = troubled.then((findings): pulumi.Resource[] => {
      const answering = [...commands].filter(([n]) => !findings.has(n));
      return findings.has(node.name) ? answering.map(([, c]) => c) : [];
    });
    const stdin = hostInput({
      ...plan,
      owner: owned,
      node,
      routes: routesFor(node, plan, table),
      named: namedOn(node, plan),
      table,
    });
    const called = `${name}-${node.name}@${node.address.replaceAll(":", "_")}`;
    const command = scriptCommand(
      called,
      {
        ...{ node: node.name, stdin },
        ...{ create: convergeCommand, delete: removeCommand(owned) },
      },
      plan,
      troubled,
      { parent, dependsOn: after },
    );
    commands.set(node.name, command);
  }
  return commands;
}
