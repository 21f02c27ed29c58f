import { currentSchema, type NeutronRoute } from "./openStackAnswers.ts";
import type { NetworkApi } from "./openStackApi.ts";
import type { Holder } from "./openStackLookup.ts";

/** How often it is tried again after a change by somebody else. */
const attempts = 10;

/**
 * Adds those of these routes that are missing to the existing ones. The list is written only if nobody else has
 * changed it after it was read. Returns the routes that were missing.
 *
 * The provider reads and writes the list without that check. It locks the subnet or router only within one run, so
 * a run of another stack at the same time may overwrite routes of this one.
 */
export async function restoreRoutes(
  api: NetworkApi,
  { kind, id }: Holder,
  wanted: readonly NeutronRoute[],
): Promise<NeutronRoute[]> {
  const key = kind === "subnet" ? "host_routes" : "routes";
  for (let i = 0; i < attempts; i++) {
    const [now] = await api.list(`${kind}s`, currentSchema, { id });
    const there = now?.[key] ?? [];
    const missing = wanted.filter((route) =>
      there.every(
        (one) =>
          one.destination !== route.destination ||
          one.nexthop !== route.nexthop,
      ),
    );
    if (now === undefined || missing.length === 0) {
      return [];
    }
    const change = { [key]: [...there, ...missing] };
    if (await api.update(`${kind}s`, id, now.revision_number, change)) {
      return missing;
    }
  }
  throw new Error(
    `${kind} ${id} was changed by somebody else ${attempts} times while routes were put back; run pulumi up again`,
  );
}
