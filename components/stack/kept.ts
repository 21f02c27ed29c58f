import * as pulumi from "@pulumi/pulumi";

/**
 * What a value was when the component was first applied. Pulumi's own `Stash` keeps it in the state, where the
 * engine finds it again whatever stack, project, organization or component are called by then. Its `input` is what
 * its `output` is, and mocks of a user's own tests know it, too.
 *
 * @param value what it is today; taken where the state holds none yet
 * @param given what the user wants it to be, if anything; kept from then on
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
