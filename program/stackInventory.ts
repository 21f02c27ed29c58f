import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { type Faults, show } from "../components/core/faults.ts";
import { foreignText } from "../components/core/plainText.ts";
import { parse, strict } from "../components/core/schema.ts";
import { shownList, shownName } from "../components/core/shownName.ts";
import type { stackInventorySchema } from "../components/inventory/sources.ts";

/** The config key `inventory`: which output of which stack the nodes are. */
export const stackOutputSchema = strict({
  stack: z.string().min(1, "expected ORG/PROJECT/STACK"),
  output: z.string().min(1, "expected the name of an output").default("nodes"),
});

type Reference = z.output<typeof stackOutputSchema>;

/** What the engine tells of a stack. */
interface StackOutputs {
  readonly outputs: Readonly<Record<string, unknown>>;
  /** The outputs that are secrets, or have one in them. */
  readonly secretOutputNames: readonly string[];
}

/**
 * Reads the nodes that another stack gives, before anything is declared: they are plain values,
 * known at preview. What is wrong goes to `faults`, and then there are no nodes.
 */
export async function readStackInventory(
  value: unknown,
  faults: Faults,
): Promise<z.output<typeof stackInventorySchema>> {
  const reference = parse(stackOutputSchema, value, "inventory", faults);
  const found = reference && (await readStack(reference, faults));
  if (!found || !isReadable(reference, found, faults)) {
    return { stack: "", output: "", nodes: [] };
  }
  // this resource shows the dependency in the state and in previews
  new pulumi.StackReference(reference.stack);
  return { ...reference, nodes: found.outputs[reference.output] };
}

/**
 * A StackReference reads the same, but if that fails, the engine ends the program before other faults
 * can be reported.
 */
async function readStack(
  { stack }: Reference,
  faults: Faults,
): Promise<StackOutputs | undefined> {
  try {
    return await pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", {
      name: stack,
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const said = foreignText(message.replace(/^.* returned an error: /, ""));
    faults.add(
      "inventory.stack",
      `${show(stack)} cannot be read: ${said}; expected ORG/PROJECT/STACK, one of: pulumi stack ls --all`,
    );
    return undefined;
  }
}

function isReadable(
  { stack, output }: Reference,
  { outputs, secretOutputNames }: StackOutputs,
  faults: Faults,
): boolean {
  const path = "inventory.output";
  if (!Object.hasOwn(outputs, output)) {
    const others = shownList(Object.keys(outputs).sort().map(shownName));
    faults.add(
      path,
      `stack ${stack} has no output ${show(output)}, ${others === "" ? "it has none at all, apply it first: pulumi up" : `it has ${others}`}`,
    );
    return false;
  }
  if (secretOutputNames.includes(output)) {
    faults.add(
      path,
      `${show(output)} of stack ${stack} is a secret, which a route table cannot keep; have that stack export it as pulumi.unsecret(pulumi.output(VALUE))`,
    );
    return false;
  }
  return true;
}
