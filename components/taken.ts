import { type Faults, show } from "./core/faults";
import { shownList } from "./core/shownName";
import { nameIn } from "./recorded";

/** A resource of a component that is to be declared, and another one that the state has for the same route. */
interface Taken {
  /** What the one to declare is called, apart from the component's name. */
  readonly resource: string;
  /** The URN of the one in the state. */
  readonly urn: string;
}

/**
 * The engine would make these routes anew, which fails because they are there, or delete them after it has made them.
 * One fault for each name that the component may have had.
 *
 * @param component what the component is called
 */
export function takenFaults(
  component: string,
  all: readonly Taken[],
  faults: Faults,
): void {
  const byOldName = new Map<string | undefined, string[]>();
  for (const { resource, urn } of all) {
    const name = nameIn(urn);
    const old = name.endsWith(`-${resource}`)
      ? name.slice(0, -resource.length - 1)
      : undefined;
    const urns = byOldName.get(old) ?? [];
    urns.push(urn);
    byOldName.set(old, urns);
  }
  for (const [old, urns] of byOldName) {
    const alias =
      old === undefined
        ? ""
        : `if the component was called ${old} before, say so in its options: aliases: [{ name: ${show(old)} }]; otherwise `;
    faults.add(
      component,
      `this stack has ${urns.length === 1 ? "a route" : `${urns.length} routes`} of this component as another resource; ${alias}give each route to one resource only: ${shownList(urns)}`,
    );
  }
}
