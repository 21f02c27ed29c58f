import type { remote } from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import type { Node } from "./core/inventory";
import { type Route, routesOf } from "./core/plan";
import type { HostPlan } from "./hostArgs";
import { hostInput } from "./hostInput";
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
  const troubled = troubledHosts(plan, parent);
  for (const node of plan.cluster) {
    const after = troubled.then((findings): pulumi.Resource[] => {
      const answering = [...commands].filter(([n]) => !findings.has(n));
      return findings.has(node.name) ? answering.map(([, c]) => c) : [];
    });
    const stdin = hostInput({
      ...plan,
      owner: owner(name, plan),
      node,
      routes: routesFor(node, plan, table),
      named: namedOn(node, plan),
      table,
    });
    const command = scriptCommand(
      `${name}-${node.name}@${node.address.replaceAll(":", "_")}`,
      { node: node.name, verb: "converge", stdin },
      plan,
      troubled,
      { parent, dependsOn: after },
    );
    commands.set(node.name, command);
  }
  return commands;
}

function owner(name: string, plan: HostPlan): string {
  return plan.owner ?? defaultOwner(name);
}

function routesFor(
  node: Node,
  plan: HostPlan,
  table: readonly Route[],
): Route[] {
  const none =
    !plan.hostRoutes || (node.role === "controller" && !plan.controllerRoutes);
  return none ? [] : routesOf(node, table);
}

function namedOn(node: Node, plan: HostPlan): Node[] {
  const wanted = node.role === "controller" && plan.controllerHosts;
  return wanted
    ? plan.cluster.filter((other) => other.podCidrs.length > 0)
    : [];
}
