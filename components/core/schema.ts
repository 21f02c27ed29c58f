import { closest } from "fastest-levenshtein";
import { z } from "zod";
import { type Faults, show } from "./faults.ts";

/** An object that takes these keys and no others. */
export function strict<S extends z.ZodRawShape>(shape: S) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? Object.keys(shape).join(" ")
        : undefined,
  });
}

/** A whole number in a range. */
export function integer(min: number, max: number) {
  const expected = `expected ${min} to ${max}`;
  return z.int("expected a whole number").min(min, expected).max(max, expected);
}

/**
 * Checks a value against a schema and adds every mismatch to `faults`, each with its path.
 * Returns the parsed value, or undefined where it does not match.
 */
export function parse<S extends z.ZodType>(
  schema: S,
  value: unknown,
  path: string,
  faults: Faults,
): z.output<S> | undefined {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) {
    return result.data;
  }
  for (const issue of result.error.issues) {
    addIssue(issue, issue.path.reduce(join, path), faults);
  }
  return undefined;
}

/** The schema of an object, made by {@link strict}. */
export type ObjectSchema<T> = z.ZodType<T> & {
  readonly shape: z.core.$ZodShape;
};

/** The values of an object's keys, one by one: null is one that does not match its schema. */
export type Values<T> = { readonly [K in keyof T]: T[K] | null };

/**
 * Checks an object against a schema and adds every mismatch to `faults`. Returns what can still be compared with
 * each other: the parsed value of every key that matches, and of a list that does not, its items that match.
 */
export function parseKeys<T extends object>(
  schema: ObjectSchema<T>,
  value: unknown,
  path: string,
  faults: Faults,
): Values<T> {
  const parsed = parse(schema, value, path, faults);
  if (parsed !== undefined) {
    return parsed;
  }
  const given = z.looseObject({}).safeParse(value).data ?? {};
  return Object.fromEntries(
    Object.entries(schema.shape).map(([key, field]) => [
      key,
      matching(field, given[key]),
    ]),
  ) as Values<T>;
}

function matching(schema: z.core.$ZodType, value: unknown): unknown {
  const result = z.safeParse(schema, value);
  if (result.success) {
    return result.data;
  }
  const list = unwrapped(schema);
  return list instanceof z.ZodArray && Array.isArray(value)
    ? value.map((item) => matching(list.element, item)).filter(isPresent)
    : null;
}

/** A schema without its default, and without what allows the value to be missing. */
export function unwrapped(schema: z.core.$ZodType): z.core.$ZodType {
  return schema instanceof z.ZodOptional ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault
    ? unwrapped(schema.unwrap())
    : schema;
}

function isPresent(value: unknown): boolean {
  return value !== null;
}

/** Throws one FaultsError if there are any faults. If there are none, every value is there, and they are returned. */
export function complete<T extends object>(
  values: Values<T>,
  faults: Faults,
): T {
  faults.throwIfAny("the configuration cannot be used");
  if (!isComplete(values)) {
    throw new Error("a value does not match, and no fault says so");
  }
  return values;
}

function isComplete<T extends object>(values: Values<T>): values is T {
  return Object.values(values).every(isPresent);
}

/**
 * A schema of text that `read` makes something else of. A text that `read` returns says what is wrong; it follows
 * the value in the message.
 */
export function textRead<T>(read: (text: string) => T | string) {
  return z.string().transform((text, context): T => {
    const result = read(text);
    if (typeof result !== "string") {
      return result;
    }
    addOwnIssue(context, text, `${show(text)} ${result}`);
    return z.NEVER;
  });
}

/** Parameters of an issue whose message is shown as it is, without the value. */
export const wholeMessage = { wholeMessage: true };

/** Adds an issue to a schema's transformation whose message is shown as it is. */
export function addOwnIssue(
  context: z.core.$RefinementCtx,
  input: unknown,
  message: string,
  path: PropertyKey[] = [],
): void {
  context.issues.push({
    code: "custom",
    input,
    message,
    path,
    params: wholeMessage,
  });
}

/** The message for an unknown key, with the known key that is nearest to it. */
function unknownKey(key: string, known: readonly string[]): string {
  return `is not a known key, did you mean ${closest(key, [...known])}? Known keys: ${known.join(", ")}`;
}

function addIssue(issue: z.core.$ZodIssue, path: string, faults: Faults): void {
  if (issue.code === "unrecognized_keys") {
    const known = issue.message.split(" ");
    for (const key of issue.keys) {
      faults.add(join(path, key), unknownKey(key, known));
    }
  } else if (issue.input === undefined) {
    faults.add(path, "is missing");
  } else if (issue.code === "custom" && issue.params?.wholeMessage) {
    faults.add(path, issue.message);
  } else if (issue.code === "invalid_value") {
    faults.add(
      path,
      `${show(issue.input)} is not allowed, expected ${issue.values.map(show).join(" or ")}`,
    );
  } else if (issue.code === "invalid_type") {
    faults.add(path, `${show(issue.input)} is not of type ${issue.expected}`);
  } else {
    faults.add(path, `${show(issue.input)} is not allowed: ${issue.message}`);
  }
}

/** The path of a part of what stands at `path`. A key that is no word is quoted. */
export function join(path: string, key: PropertyKey): string {
  if (typeof key === "number") {
    return `${path}[${key}]`;
  }
  const text = String(key);
  const name = /^[\w-]{1,64}$/.test(text) ? text : show(text);
  return path === "" ? name : `${path}.${name}`;
}
