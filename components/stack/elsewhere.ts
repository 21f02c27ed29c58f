import type { Faults } from "../core/faults.ts";
import { shownList } from "../core/shownName.ts";
import type { Recorded } from "./recorded.ts";
import { parentType, typeIn } from "./urn.ts";

/** Routes that the state holds under names that are not this component's, by what they would be called here without its name. */
export interface Elsewhere {
  /** Of a component of the same type: this one had another name, and each route keeps the name of its resource. */
  readonly renamed: ReadonlyMap<string, Recorded>;
  /** Of somebody else in the same stack. */
  readonly taken: ReadonlyMap<string, Recorded>;
}

export const nowhere: Elsewhere = { renamed: new Map(), taken: new Map() };

/**
 * Sorts routes of the state into these two.
 *
 * @param component the URN of the component
 * @param resourceOf what a route would be called here, without the component's name; undefined where it is not here
 */
export function elsewhere(
  component: string,
  others: readonly Recorded[],
  resourceOf: (route: Recorded) => string | undefined,
): Elsewhere {
  const renamed = new Map<string, Recorded>();
  const taken = new Map<string, Recorded>();
  for (const route of others) {
    const resource = resourceOf(route);
    if (resource !== undefined) {
      // the name of its parent is no part of a URN
      const isRenamed = parentType(String(route.urn)) === typeIn(component);
      (isRenamed ? renamed : taken).set(resource, route);
    }
  }
  return { renamed, taken };
}

/** The routes of this component, with those that are wanted and that it had when it was called otherwise. */
export function withRenamed(
  ours: ReadonlyMap<string, Recorded>,
  { renamed }: Elsewhere,
  wanted: Iterable<string>,
): ReadonlyMap<string, Recorded> {
  const all = new Map(ours);
  for (const resource of wanted) {
    const route = renamed.get(resource);
    if (route !== undefined && !all.has(resource)) {
      all.set(resource, route);
    }
  }
  return all;
}

/**
 * One fault for all wanted routes that somebody else in the stack has: the engine would make them anew, which fails
 * because they are there, or delete them after it has made them.
 */
export function takenFaults(
  component: string,
  wanted: readonly { readonly resource: string }[],
  { taken }: Elsewhere,
  faults: Faults,
): void {
  const urns = wanted
    .map(({ resource }) => taken.get(resource)?.urn)
    .filter((urn) => urn !== undefined)
    .map(String);
  if (urns.length > 0) {
    const what =
      urns.length === 1
        ? "a route of this component is another resource"
        : `${urns.length} routes of this component are other resources`;
    faults.add(
      component,
      `${what} of this stack, which its state holds: ${shownList(urns)}; declare each route once; if the component was moved to another parent, name the one before in its options: aliases: [{ parent: PARENT }]`,
    );
  }
}
