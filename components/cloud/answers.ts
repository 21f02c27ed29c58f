import { z } from "zod";
import { foreignText } from "../core/plainText.ts";

/**
 * What an answer says, in the form that is expected of it. An answer in another form is an error.
 *
 * @param question what was asked, for messages
 */
export function answered<S extends z.ZodType>(
  schema: S,
  content: unknown,
  question: string,
): z.output<S> {
  const result = schema.safeParse(content);
  if (result.success) {
    return result.data;
  }
  const [first] = result.error.issues;
  const place = foreignText((first?.path ?? []).map(String).join("."), 100);
  const where = place === "" ? "" : ` at ${place}`;
  throw new Error(
    `${question}: the answer is not of the expected form${where}: ${foreignText(first?.message ?? "")}`,
  );
}

// The exact forms of what clouds answer. What is in one of them can stand in a message, a table, a picture or a
// command as it is.

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

/** A field that is left out, null or empty where there is nothing to say. */
export function maybe<S extends z.ZodType<string>>(text: S) {
  return z
    .preprocess((given) => given || undefined, text.optional())
    .transform((given) => given ?? "");
}
