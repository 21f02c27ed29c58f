import * as pulumi from "@pulumi/pulumi";

/**
 * An error that ends the program with its message alone. Pulumi would show the stack of an error that comes when the
 * program's own code is through, as that of a component's look does. One with a stack is also described for a trace,
 * with the promises that it came through and all that hangs on them, even where nobody traces: that takes a quarter
 * of a minute.
 */
export function runError(message: string): pulumi.RunError {
  const error = new pulumi.RunError(message);
  error.stack = "";
  return keepMessage(error);
}

/**
 * Makes the message of an error one that nobody changes. Pulumi's SDK writes `error serializing property "outputs":`
 * before that of an error that an output fails with, and the user knows no such property.
 */
export function keepMessage<E extends Error>(error: E): E {
  const { message } = error;
  return Object.defineProperty(error, "message", {
    get: () => message,
    set: () => {},
  });
}
