import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { Faults } from "../core/faults.ts";
import { foreignText } from "../core/plainText.ts";
import { join, parse } from "../core/schema.ts";
import { organization } from "./organization.ts";
import { runError } from "./runError.ts";
import { nameIn } from "./urn.ts";

/** A resource as the state has it since the last update or refresh: its outputs, and its `urn`. */
export type Recorded = Readonly<Record<string, unknown>>;

/** Which resources of the state are read, and what of them. */
interface Wanted {
  readonly type: string;
  /** The beginning of the names of the component's own resources. */
  readonly prefix: string;
  /** The form of what is read of their outputs. */
  readonly outputs: z.ZodType<Recorded>;
}

/** The resources of one type in the state. */
export interface InState {
  /** The component's own, by their names without their common beginning. */
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
 * Reads the resources of one type in this stack's state, which tells our routes from those that somebody else made.
 * One of ours that is not of the form of `outputs` goes to `faults`.
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
 * The resources in this stack's state. Undefined if no engine answers but the mocks of a program's unit tests, which
 * have no state.
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

/** How often the state is asked for, and how many milliseconds apart. */
const attempts = 50;
const pause = 100;

/**
 * Asks again if the answer is an error. The engine writes the state while the program runs, and a backend that is a
 * directory writes it in place, so that a reader may find half of it.
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
