import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { Faults } from "./core/faults";
import { foreignText } from "./core/plainText";
import { join, parse } from "./core/schema";

/** What a resource was when the stack was last updated or refreshed: its outputs, and its `urn`. */
export type Recorded = Readonly<Record<string, unknown>>;

/** Which resources of the state are meant, and what they have to say. */
interface Wanted {
  readonly type: string;
  /** How the names begin that are wanted; they are returned without it. */
  readonly prefix: string;
  /** The form of what is read of their outputs. */
  readonly outputs: z.ZodType<Recorded>;
}

const stateSchema = z.object({
  outputs: z.record(z.string(), z.unknown()).nullish(),
});
const resourceSchema = z.object({
  type: z.string(),
  outputs: z.record(z.string(), z.unknown()).nullish(),
});

/**
 * What this stack's state holds of its resources of one type, by their names. It tells the routes that
 * are ours from those that somebody else made. A resource in another form than the wanted one goes to `faults`.
 */
export async function recorded(
  { type, prefix, outputs }: Wanted,
  parent: pulumi.Resource,
  faults: Faults,
): Promise<Map<string, Recorded>> {
  const stackName = [
    pulumi.getOrganization(),
    pulumi.getProject(),
    pulumi.getStack(),
  ].join("/");
  const state = await patiently(async () =>
    stateSchema.parse(
      await pulumi.runtime.invoke(
        "pulumi:pulumi:readStackResourceOutputs",
        { stackName },
        { parent },
      ),
    ),
  );
  return new Map(
    Object.entries(state.outputs ?? {}).flatMap(([urn, given]) => {
      const resource = resourceSchema.safeParse(given).data;
      const name = urn.split("::").slice(3).join("::");
      if (resource?.type !== type || !name.startsWith(prefix)) {
        return [];
      }
      const place = join("state", name);
      const said = parse(outputs, resource.outputs ?? {}, place, faults);
      return said === undefined
        ? []
        : [[name.slice(prefix.length), { ...said, urn }] as const];
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
        const said = error instanceof Error ? error.message : String(error);
        throw new pulumi.RunError(
          `the state of the stack cannot be read; nothing was changed\n  - ${foreignText(said, 1000)}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}
