import * as pulumi from "@pulumi/pulumi";

/**
 * The value that this had when the component was first applied. Pulumi's own `Stash` keeps it in the state, whatever
 * the names of stack, project, organization and component are later. Its `input` is read, which is the same as its
 * `output`, because the mocks of a user's own tests have it too.
 *
 * @param value the current value, used if the state holds none yet
 * @param given the value that the user sets, if any; kept from then on
 */
export function kept(
  name: string,
  value: string,
  parent: pulumi.Resource,
  given?: string,
): pulumi.Output<string> {
  const stash = new pulumi.Stash(
    name,
    { input: given ?? value },
    given === undefined
      ? { parent, ignoreChanges: ["input"] }
      : { parent, replaceOnChanges: ["input"] },
  );
  return stash.input.apply((text: string) => text);
}
