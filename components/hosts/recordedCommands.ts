import { z } from "zod";
import type { Node } from "../inventory/nodes.ts";
import { commandType } from "../ssh/recordedInputs.ts";
import type { StackResources } from "../stack/recorded.ts";
import { nameIn, parentType, typeIn } from "../stack/urn.ts";

const commandSchema = z.object({
  type: z.literal(commandType),
  outputs: z.object({ stdin: z.string(), connection: z.unknown() }).loose(),
});

/** A command of the hosts target, as the state has it. */
export interface RecordedCommand {
  readonly urn: string;
  /** The node and its address: see {@link placeOf}. */
  readonly place: string;
  readonly outputs: z.output<typeof commandSchema>["outputs"];
}

/** A node and its address, as the line `node` of a command's standard input has them. */
export function placeOf({ name, address }: Node): string {
  return `${name} ${address}`;
}

/** The command on a host is a child of the component, whatever the parents of the component are. */
const urnForm =
  /[:$]pod-network-routes:index:HostPodRoutes\$command:remote:Command::[^:]+$/;

/** The commands that the state has of an owner. */
export function recordedCommands(
  state: StackResources,
  owner: string,
): RecordedCommand[] {
  return Object.entries(state).flatMap(([urn, resource]) => {
    const { outputs } = commandSchema.safeParse(resource).data ?? {};
    const [, whose, place = ""] =
      /^owner (.*)\nnode (.*)\n/.exec(outputs?.stdin ?? "") ?? [];
    const isOurs = whose === owner && urnForm.test(urn);
    return outputs !== undefined && isOurs ? [{ urn, place, outputs }] : [];
  });
}

/**
 * The name of the command on a host. A command in the state keeps its name, even if the component had another name
 * then: under a new name the engine would create it, and then delete the old one, which removes the routes again. The
 * name of the component is no part of the URN of the command.
 *
 * @param usual the name where the state has no command for this host
 * @param component the URN of the component
 */
export function commandName(
  usual: string,
  node: Node,
  component: string,
  recorded: readonly RecordedCommand[],
): string {
  const wanted = placeOf(node);
  const names = recorded
    .filter(
      ({ urn, place }) =>
        place === wanted && parentType(urn) === typeIn(component),
    )
    .map(({ urn }) => nameIn(urn));
  const [first = usual] = names;
  return names.includes(usual) ? usual : first;
}
