import { inspect } from "node:util";
import * as pulumi from "@pulumi/pulumi";
import { type Faults, FaultsError } from "../core/faults.ts";
import { foreignText } from "../core/plainText.ts";
import { keepMessage, runError } from "./runError.ts";

/** Reads an input; its faults become the error that Pulumi has for them. */
export function orInputError<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof FaultsError ? inputError(error) : error;
  }
}

/** A mistake of the user, who is shown its message alone: no stack trace, and no list of the same faults. */
class InputError extends pulumi.InputPropertiesError {
  override readonly stack = this.message;

  [inspect.custom](): string {
    return this.message;
  }
}

function inputError(error: FaultsError): pulumi.InputPropertiesError {
  const converted = new InputError({
    message: error.message,
    errors: error.faults.map(({ path, message }) => ({
      propertyPath: path,
      reason: message,
    })),
  });
  // With the mark of a RunError, Pulumi ends a program that does not catch it with the message alone.
  return keepMessage(Object.assign(converted, new pulumi.RunError()));
}

/** Ends the program with all faults that a cloud was found to have, if there are any. */
export function runErrorIfAny(faults: Faults, what: string): void {
  if (faults.all.length > 0) {
    throw runError(new FaultsError(what, faults.all).message);
  }
}

/**
 * Asks a cloud. If it gives no answer, or refuses us, the program ends with what the provider said of it.
 *
 * @param check the command that shows which credentials are in use
 */
export function withCloudErrors<T>(
  cloud: string,
  check: string,
  ask: () => Promise<T>,
): Promise<T> {
  return orRunError(
    `${cloud} could not be asked what is there; nothing was changed`,
    ask,
    `for a look at the credentials: ${check}`,
  );
}

/** Does something with a cloud. If that fails, the program ends with what the cloud said of it, on a line of its own. */
export async function orRunError<T>(
  failure: string,
  work: () => Promise<T>,
  ...advice: string[]
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw runError(
      [failure, `  - ${foreignText(said, 2000)}`, ...advice].join("\n"),
    );
  }
}
