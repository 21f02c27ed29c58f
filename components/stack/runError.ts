import * as pulumi from "@pulumi/pulumi";

/**
 * An error that ends the program with its message alone. Of an error that comes when the program's own code is
 * through, as that of a component's look does, Pulumi would show the stack. One with a stack is also described for a
 * trace, with the promises that it came through and all that hangs on them, even where nobody traces: that takes a
 * quarter of a minute.
 */
export function runError(message: string): pulumi.RunError {
  const error = new pulumi.RunError(message);
  error.stack = "";
  // Pulumi's SDK writes `error serializing property "outputs":` before the message of an error that an output
  // fails with. The user knows no such property, so the message stays as it is.
  return Object.defineProperty(error, "message", {
    get: () => message,
    set: () => {},
  });
}
