import * as pulumi from "@pulumi/pulumi";
import type { Node } from "../inventory/nodes.ts";
import type { Access, Endpoint, Hosts } from "../ssh/endpoints.ts";
import { preflight } from "../ssh/preflight.ts";
import { unchangedCommand } from "../ssh/scriptCommand.ts";
import { inOrganization } from "../stack/organization.ts";
import { forgetCommand } from "../stack/pulumiCommands.ts";
import { nameIn } from "../stack/urn.ts";
import { type HostState, isOdd, readHostState } from "./hostState.ts";
import { placeOf, type RecordedCommand } from "./recordedCommands.ts";

/**
 * The hosts that the state has of a component, and that are no longer in its inventory under this name and address.
 * The engine deletes their commands, which cleans them, at the end of an `up`.
 */
export function formerHosts(
  recorded: readonly RecordedCommand[],
  cluster: readonly Node[],
): HostState[] {
  const present = new Set(cluster.map(placeOf));
  return recorded
    .filter(({ place }) => !present.has(place))
    .flatMap(({ urn, outputs }) => {
      const connection = pulumi.runtime.unwrapRpcSecret(outputs.connection);
      const inputs = { ...outputs, connection };
      const host = readHostState({ urn, inputs });
      return isOdd(host) ? [] : [host];
    });
}

/**
 * Keeps the commands of former hosts that do not answer in the state, and warns. Deleting them would fail the
 * `up`, or wait for ever on a host that takes connections and says nothing. The next run that reaches such a host
 * does not keep its command, so the engine deletes it.
 */
export async function keepUnreachable(
  former: readonly HostState[],
  { hosts, ssh }: Access,
  parent: pulumi.Resource,
): Promise<void> {
  const findings = await Promise.all(
    byBastion(former).map((group) =>
      preflight({ ...hosts, ...group }, ssh.connectTimeout * 1000),
    ),
  );
  const byUrn = new Map(former.map((host) => [host.urn, host]));
  for (const { node: urn, state, reason } of findings.flat()) {
    const host = byUrn.get(urn);
    if (host !== undefined && state !== "ok") {
      await pulumi.log.warn(keptWarning(host, reason), parent);
      unchangedCommand(nameIn(urn), host.login.host, { parent });
    }
  }
}

/** These hosts, grouped by their bastion: preflight logs in once at each bastion. */
function byBastion(
  former: readonly HostState[],
): Pick<Hosts, "byNode" | "bastion">[] {
  const groups = new Map<
    string,
    { byNode: Map<string, Endpoint>; bastion: Endpoint | undefined }
  >();
  for (const { urn, login, bastion } of former) {
    const key = JSON.stringify([bastion?.host, bastion?.port, bastion?.user]);
    const group = groups.get(key) ?? { byNode: new Map(), bastion };
    // a node may have had several addresses
    group.byNode.set(urn, login);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** What is wrong with a former host, and the command that has Pulumi forget it. */
function keptWarning({ urn, node, login }: HostState, reason: string): string {
  const stack = inOrganization(pulumi.getStack()).join("/");
  const forget = forgetCommand(urn, { stack, configFile: undefined });
  return `cannot clean ${node} (${login.host}), which is no longer in the inventory: ${reason}; it stays as it is, and the first pulumi up that reaches it cleans it; if it is gone for good: ${forget}`;
}
