import type * as pulumi from "@pulumi/pulumi";

/** The value of an output. Never settles at a preview that cannot know it, or where what it depends on fails. */
export function known<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => {
    output.apply((value) => resolve(value as T));
  });
}
