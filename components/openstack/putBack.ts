import { currentSchema, type NeutronRoute } from "./openStackAnswers.ts";
import type { NetworkApi } from "./openStackApi.ts";
import type { Holder } from "./openStackLookup.ts";

/** As often as somebody else may get in between before we give up. */
const attempts = 10;

/**
 * Adds those of these routes that are not there, to what is there at that moment: it is written only
 * if nobody else has written since it was read. Returns those that were missing.
 *
 * The provider reads and writes the whole list without that care. Within one run it locks the subnet
 * or router; another run at the same time, of another stack, may undo what this one has written.
 */
export async function putBack(
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
