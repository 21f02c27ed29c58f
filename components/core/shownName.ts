import { show } from "./faults.ts";

/** How many of a list a message names. */
const listed = 10;

/** A name that a cloud gives, in a message: as it is where it is made like a name, otherwise quoted, on one line and cut. */
export function shownName(name: string): string {
  return /^[\w.:/-]{1,200}$/.test(name) ? name : show(name);
}

/** The first of these in a message, and how many more there are. */
export function shownList(items: readonly string[]): string {
  const left = items.length - listed;
  return left > 0
    ? `${items.slice(0, listed).join(", ")} and ${left} more`
    : items.join(", ");
}
