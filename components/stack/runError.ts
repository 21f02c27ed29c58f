import * as pulumi from "@pulumi/pulumi";

/**
 * An error that ends the program with its message alone. Pulumi would show the stack of an error that is thrown after
 * the program's own code has ended, for example while a component looks at a cloud. It also describes an error with a
 * stack for a trace, even if nobody traces: with all promises that the error passed through, that takes a quarter of
 * a minute.
 */
export function runError(message: string): pulumi.RunError {
  const error = new pulumi.RunError(message);
  error.stack = "";
  return keepMessage(error);
}

/**
 * Makes the message of an error unchangeable. If an output fails with an error, Pulumi's SDK writes
 * `error serializing property "outputs":` before its message, and the user knows no such property.
 */
export function keepMessage<E extends Error>(error: E): E {
  const { message } = error;
  return Object.defineProperty(error, "message", {
    get: () => message,
    set: () => {},
  });
}
