import { z } from "zod";
import type { Node } from "../inventory/nodes.ts";
import type { StackResources } from "../stack/recorded.ts";
import { nameIn, parentType, typeIn } from "../stack/urn.ts";

const commandSchema = z.object({
  type: z.literal("command:remote:Command"),
  outputs: z.object({ stdin: z.string(), connection: z.unknown() }).loose(),
});

/** A command on a host, as the state has it. */
export interface RecordedCommand {
  readonly urn: string;
  /** Which node the host is, and where: see {@link placeOf}. */
  readonly place: string;
  readonly outputs: z.output<typeof commandSchema>["outputs"];
}

/** What a host is called in its own facts. */
export function placeOf({ name, address }: Node): string {
  return `${name} ${address}`;
}

/** The command on a host is a child of the component, wherever that one is. */
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
 * What the command on a host is called. It keeps the name that it has in the state, where its component may have had
 * another one: under a new name the engine would make it, and then undo what the one of the old name stands for. The
 * name of the component itself is no part of its URN.
 *
 * @param usual what it is called where the state has none for this host
 * @param component the URN of the component
 */
export function commandName(
  usual: string,
  node: Node,
  component: string,
  recorded: readonly RecordedCommand[],
): string {
  const names = recorded
    .filter(
      ({ urn, place }) =>
        place === placeOf(node) && parentType(urn) === typeIn(component),
    )
    .map(({ urn }) => nameIn(urn));
  const [first = usual] = names;
  return names.includes(usual) ? usual : first;
}
