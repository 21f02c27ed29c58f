import * as pulumi from "@pulumi/pulumi";

/** What a resource was when the stack was last updated or refreshed: its outputs, and its `urn`. */
export type Recorded = Readonly<Record<string, unknown>>;

/**
 * What this stack's state holds of its resources of one type, by their names. It tells the routes that
 * are ours from those that somebody else made.
 *
 * @param prefix how the names begin that are wanted; they are returned without it
 */
export async function recorded(
  type: string,
  prefix: string,
  parent: pulumi.Resource,
): Promise<Map<string, Recorded>> {
  const stackName = [
    pulumi.getOrganization(),
    pulumi.getProject(),
    pulumi.getStack(),
  ].join("/");
  const { outputs } = await patiently(() =>
    pulumi.runtime.invoke(
      "pulumi:pulumi:readStackResourceOutputs",
      { stackName },
      { parent },
    ),
  );
  const resources = Object.entries(outputs ?? {}) as [
    string,
    { type: string; outputs: Recorded },
  ][];
  return new Map(
    resources.flatMap(([urn, resource]) => {
      const name = urn.split("::").slice(3).join("::");
      return resource.type === type && name.startsWith(prefix)
        ? [[name.slice(prefix.length), { ...resource.outputs, urn }] as const]
        : [];
    }),
  );
}

/** How often, and after how many milliseconds each time, an answer is asked for again. */
const attempts = 50;
const pause = 100;

/**
 * Asks again where the answer is an error. A backend that is a directory writes the state in place, and
 * the engine writes it while the program runs: who reads it at that moment finds half of it.
 */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let i = 1; ; i++) {
    try {
      return await ask();
    } catch (error) {
      if (i === attempts) {
        throw new pulumi.RunError(
          `the state of the stack cannot be read; nothing was changed\n  - ${(error as Error).message}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}
