import * as pulumi from "@pulumi/pulumi";

/** Waits for the value of an input, however long it takes; undefined if it is known only in an `up`. */
export async function known<T>(
  input: pulumi.Input<T>,
): Promise<{ readonly value: pulumi.Unwrap<T> } | undefined> {
  let found: { value: pulumi.Unwrap<T> } | undefined;
  const read = pulumi.output(input).apply((value) => {
    found = { value };
  });
  // this is settled when `read` is, whether its function has been called or not
  await pulumi.isSecret(read);
  return found;
}
