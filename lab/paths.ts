import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

/** The checkout this runs in. */
export const root = dirname(import.meta.dirname);

/** What takes long to make and is the same for every checkout: the engine, the hosts' file system. */
export const cache = join(
  process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"),
  "pod-network-routes",
);

/** What belongs to this checkout: the dev stack's state, keys and settings. Ignored by git. */
export const local = join(root, ".lab");

/** Where the hosts of running labs live, a directory a lab; gone with a reboot, as the hosts are. */
export const labs = "/run/pod-network-routes";

/** Names the lab of `npm start` in a checkout, so that two checkouts do not share one. */
export function labOf(checkout: string): string {
  return createHash("sha256").update(checkout).digest("hex").slice(0, 6);
}
