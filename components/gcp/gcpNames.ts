import { createHash } from "node:crypto";
import { nameOf } from "../inventory/routeTable.ts";

/** https://cloud.google.com/compute/docs/naming-resources: RFC 1035 labels. */
const longest = 63;
const digits = 4;

/**
 * The name of the route to a destination, as in Google's guides: `kubernetes-route-10-200-0-0-24`.
 * The end of a name that would be too long is replaced by a hash.
 */
export function routeName(prefix: string, destination: string): string {
  const name = `${prefix}-${nameOf(destination)}`;
  const room = longest - digits - 1;
  return name.length <= room
    ? name
    : suffixed(name.slice(0, room - 9), name, 8);
}

/**
 * Another name for a route to the same destination. A route cannot be changed, only replaced, and its
 * replacement needs a name of its own to be there before the old one goes.
 *
 * @param content what the route says, so that the name is the same whenever it is asked for
 */
export function otherName(name: string, content: string): string {
  return suffixed(name, content, digits);
}

function suffixed(name: string, content: string, count: number): string {
  const hash = createHash("sha256").update(content).digest("hex");
  return `${name.replace(/-+$/, "")}-${hash.slice(0, count)}`;
}
