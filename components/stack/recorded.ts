import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { Faults } from "../core/faults.ts";
import { foreignText } from "../core/plainText.ts";
import { join, parse } from "../core/schema.ts";
import { organization } from "./organization.ts";
import { runError } from "./runError.ts";
import { nameIn } from "./urn.ts";

/** What a resource was when the stack was last updated or refreshed: its outputs, and its `urn`. */
export type Recorded = Readonly<Record<string, unknown>>;

/** Which resources of the state are meant, and what they have to say. */
interface Wanted {
  readonly type: string;
  /** How the names of the component's own begin. */
  readonly prefix: string;
  /** The form of what is read of their outputs. */
  readonly outputs: z.ZodType<Recorded>;
}

/** What the state holds of resources of one type. */
export interface InState {
  /** The component's own, by their names without the beginning that all have. */
  readonly ours: ReadonlyMap<string, Recorded>;
  /** Those of the rest of the stack. */
  readonly others: readonly Recorded[];
}

/** The resources in the state of this stack by their URNs, each in the form that the engine gives it. */
export type StackResources = Readonly<Record<string, unknown>>;

const stateSchema = z.object({
  outputs: z.record(z.string(), z.unknown()),
});
const resourceSchema = z.object({
  type: z.string(),
  outputs: z.record(z.string(), z.unknown()).nullish(),
});

/**
 * What this stack's state holds of its resources of one type. It tells the routes that are ours from those that
 * somebody else made. One of ours in another form than the wanted one goes to `faults`.
 */
export async function recorded(
  { type, prefix, outputs }: Wanted,
  parent: pulumi.Resource,
  faults: Faults,
): Promise<InState> {
  const resources = await stackResources(parent);
  const ours = new Map<string, Recorded>();
  const others: Recorded[] = [];
  for (const [urn, given] of Object.entries(resources ?? {})) {
    const resource = resourceSchema.safeParse(given).data;
    if (resource?.type !== type) {
      continue;
    }
    const name = nameIn(urn);
    const isOurs = name.startsWith(prefix);
    const place = join("state", name);
    const wrong = isOurs ? faults : new Faults();
    const said = parse(outputs, resource.outputs ?? {}, place, wrong);
    if (said !== undefined && isOurs) {
      ours.set(name.slice(prefix.length), { ...said, urn });
    } else if (said !== undefined) {
      others.push({ ...said, urn });
    }
  }
  return { ours, others };
}

/**
 * What this stack's state holds. Undefined if what answers is no engine, and gives no state: the mocks of a
 * program's unit tests.
 */
export async function stackResources(
  parent: pulumi.Resource,
): Promise<StackResources | undefined> {
  const stackName = [
    organization(),
    pulumi.getProject(),
    pulumi.getStack(),
  ].join("/");
  const answer = await retry(() =>
    pulumi.runtime.invoke(
      "pulumi:pulumi:readStackResourceOutputs",
      { stackName },
      { parent },
    ),
  );
  return stateSchema.safeParse(answer).data?.outputs;
}

/** How often, and after how many milliseconds each time, an answer is asked for again. */
const attempts = 50;
const pause = 100;

/**
 * Asks again where the answer is an error. A backend that is a directory writes the state in place, and
 * the engine writes it while the program runs: who reads it at that moment finds half of it.
 */
async function retry<T>(ask: () => Promise<T>): Promise<T> {
  for (let i = 1; ; i++) {
    try {
      return await ask();
    } catch (error) {
      if (i === attempts) {
        const said = error instanceof Error ? error.message : String(error);
        throw runError(
          `the state of the stack cannot be read; nothing was changed\n  - ${foreignText(said, 1000)}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}
