import type { Faults } from "../core/faults.ts";
import { shownList } from "../core/shownName.ts";
import type { Recorded } from "./recorded.ts";
import { parentType, typeIn } from "./urn.ts";

/** Routes that the state holds under names that are not this component's. The keys are the names that they would have here, without the component's own. */
export interface Elsewhere {
  /** Those of a component of the same type under the same parents: this component had another name then. */
  readonly renamed: ReadonlyMap<string, Recorded>;
  /** Those that another part of the same stack declares. */
  readonly taken: ReadonlyMap<string, Recorded>;
}

export const nowhere: Elsewhere = { renamed: new Map(), taken: new Map() };

/**
 * Sorts routes of the state into those that are renamed and those that are taken.
 *
 * @param component the URN of the component
 * @param resourceOf the name that a route would have here, without the component's own; undefined for a route of another place
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
      // a URN has the types of the parents, not their names
      const isRenamed = parentType(String(route.urn)) === typeIn(component);
      (isRenamed ? renamed : taken).set(resource, route);
    }
  }
  return { renamed, taken };
}

/** The routes of this component, and of the renamed ones those that are wanted. */
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
 * Adds one fault for all wanted routes that another part of the stack declares. The engine would create them, which
 * fails because they are there, or delete them after it has created them.
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
