import * as pulumi from "@pulumi/pulumi";
import { type Faults, FaultsError } from "./core/faults";

/** Reads an input; its faults become the error that Pulumi has for them. */
export function orInputError<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof FaultsError ? inputError(error) : error;
  }
}

/** It is the user's mistake, so it carries no stack trace. */
function inputError(error: FaultsError): pulumi.InputPropertiesError {
  const converted = new pulumi.InputPropertiesError({
    message: error.message,
    errors: error.faults.map(({ path, message }) => ({
      propertyPath: path,
      reason: message,
    })),
  });
  converted.stack = error.message;
  return converted;
}

/** Ends the program with all faults that a cloud was found to have, if there are any. */
export function runErrorIfAny(faults: Faults, what: string): void {
  if (faults.all.length > 0) {
    throw new pulumi.RunError(new FaultsError(what, faults.all).message);
  }
}

/**
 * Asks a cloud. If it does not answer, or not to us, the program ends with what the provider said of it.
 *
 * @param check the command that shows who one is to the cloud
 */
export async function asking<T>(
  cloud: string,
  check: string,
  ask: () => Promise<T>,
): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new pulumi.RunError(
      `${cloud} could not be asked what is there; nothing was changed\n  - ${said.trim()}\nfor a look at the credentials: ${check}`,
    );
  }
}
