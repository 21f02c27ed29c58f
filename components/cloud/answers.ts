import { z } from "zod";
import { foreignText } from "../core/plainText.ts";
import { shownName } from "../core/shownName.ts";

/**
 * Checks an answer against its schema. An answer of another form is an error.
 *
 * @param request what was requested, for messages: `GET subnets`
 */
export function readAnswer<S extends z.ZodType>(
  schema: S,
  content: unknown,
  request: string,
): z.output<S> {
  const result = schema.safeParse(content);
  if (result.success) {
    return result.data;
  }
  const [first] = result.error.issues;
  const place = foreignText((first?.path ?? []).map(String).join("."), 100);
  const where = place === "" ? "" : ` at ${place}`;
  throw new Error(
    `${request}: the answer is not of the expected form${where}: ${foreignText(first?.message ?? "")}`,
  );
}

// Exact forms of values in the answers of clouds. A value in one of these forms can be put into a message, a table,
// a diagram or a command unchanged.

/** An address. */
export const address = z
  .string()
  .max(45)
  .regex(/^[0-9a-fA-F.:]+$/, "expected an address");

/** A block of addresses. */
export const block = z
  .string()
  .max(49)
  .regex(/^[0-9a-fA-F.:]+\/\d{1,3}$/, "expected a block of addresses");

/** A text that is only shown in messages. */
export const shown = z.string().transform(shownName);

/** A text of which a cloud says by null, an empty text or nothing that there is none; it is empty then. */
export function optional<S extends z.ZodType<string>>(text: S) {
  return z
    .preprocess((given) => given || undefined, text.optional())
    .transform((given) => given ?? "");
}
