import * as pulumi from "@pulumi/pulumi";
import type { FaultsError } from "./core/faults";

/** Turns faults of an input into the error that Pulumi has for them. It is the user's mistake, so it carries no stack trace. */
export function inputError(error: FaultsError): pulumi.InputPropertiesError {
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
