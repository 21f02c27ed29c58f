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

/** What to say of a key that nothing reads. */
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
  } else if (issue.code === "custom" && issue.params?.secret) {
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
