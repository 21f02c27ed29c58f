import type { remote } from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import type { Route } from "./core/plan";
import { formerHosts, keepSilent } from "./formerHosts";
import { alone, type Gate } from "./gate";
import type { HostPlan } from "./hostArgs";
import { hostInput } from "./hostInput";
import { convergeCommand, installation, removeCommand } from "./hostScript";
import { namedOn, routesFor } from "./hostWants";
import { kept } from "./kept";
import { known } from "./known";
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
  gate: Pick<Gate, "pass"> = alone,
): Map<string, remote.Command> {
  const commands = new Map<string, remote.Command>();
  const owner = kept(
    ...([`${name}-owner`, defaultOwner(name), parent, plan.owner] as const),
  );
  const troubled = gate.pass((lookIsGood) =>
    troubledHosts(plan, parent, lookIsGood, installation, async (state) => {
      const { value = "" } = (await known(owner)) ?? {};
      const former = formerHosts(state, value, plan.cluster);
      await keepSilent(former, plan, parent);
    }),
  );
  for (const node of plan.cluster) {
    const after = troubled.then((findings): pulumi.Resource[] => {
      const answering = [...commands].filter(([n]) => !findings.has(n));
      return findings.has(node.name) ? answering.map(([, c]) => c) : [];
    });
    const facts = {
      ...{ ...plan, node, table },
      ...{ routes: routesFor(node, plan, table), named: namedOn(node, plan) },
    };
    const stdin = owner.apply((owned) => hostInput({ ...facts, owner: owned }));
    const called = `${name}-${node.name}@${node.address.replaceAll(":", "_")}`;
    const command = scriptCommand(
      called,
      {
        ...{ node: node.name, stdin },
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
