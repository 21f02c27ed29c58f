import { z } from "zod";
import { parseAddress, parseCidr } from "../core/cidr.ts";
import { foreignText } from "../core/plainText.ts";
import type { Route } from "../inventory/routeTable.ts";
import type { StackResource } from "./state.ts";
import { VerifyError } from "./verifyError.ts";

const cidr = z.string().refine((text) => typeof parseCidr(text) !== "string");
const address = z
  .string()
  .refine((text) => typeof parseAddress(text) !== "string");
const node = z.string().regex(/^[a-z0-9][a-z0-9.-]{0,252}$/);
const table = z
  .array(z.object({ destination: cidr, nextHop: address, node }))
  .nullish();

/** The route table that the state says a component has. Throws a {@link VerifyError} if it is none. */
export function readRouteTable({ urn, outputs }: StackResource): Route[] {
  const { success, data, error } = table.safeParse(outputs.routeTable);
  if (!success) {
    const where = error.issues[0]?.path.join(".") ?? "";
    throw new VerifyError(
      `the stack's state says of ${foreignText(urn)} a routeTable that no component puts there (${foreignText(where)}); somebody has changed the state, and an update (pulumi up) writes it anew`,
    );
  }
  return data ?? [];
}
