import { z } from "zod";
import type { Fault, Faults } from "../core/faults.ts";
import { strict, type Values } from "../core/schema.ts";
import { readInputFile } from "./files.ts";
import { readMachines } from "./machinesFile.ts";
import { type Node, type NodeArgs, readNodes } from "./nodes.ts";

/** The nodes that another stack gives, and where it gives them, so that messages can say so. */
export interface StackInventory {
  /** The stack, as `pulumi.StackReference` takes it: `organization/infra/prod`. */
  stack: string;
  /** The output of it that the nodes are. */
  output: string;
  /** The value of that output. */
  nodes: NodeArgs[];
}

/** The keys of {@link StackInventory}. */
export const stackInventorySchema = strict({
  stack: z.string(),
  output: z.string(),
  nodes: z.unknown(),
});

/** Where the nodes may come from; exactly one of these is given. */
export interface Sources {
  /** The list as the user wrote it. */
  readonly nodes?: unknown;
  readonly machinesFile?: string | undefined;
  /** The output of another stack, already read. */
  readonly inventory?: z.output<typeof stackInventorySchema> | undefined;
  /** Instances of a cloud, which are looked up later. */
  readonly instances?: unknown;
}

const expectsOne = "give the inventory by one of";

/** Whether a fault is that no source is given, or several are. */
export function isSourceFault({ message }: Fault): boolean {
  return message.startsWith(expectsOne);
}

/**
 * The source that is given. If none or several are given, adds a fault and returns null.
 *
 * @param allowed the sources that the target knows
 */
export function givenSource<K extends keyof Sources>(
  sources: { readonly [S in K]?: unknown },
  allowed: readonly K[],
  faults: Faults,
): K | null {
  const given = allowed.filter((key) => sources[key] !== undefined);
  const [one] = given;
  if (one !== undefined && given.length === 1) {
    return one;
  }
  const which =
    given.length === 0 ? "none is given" : `${given.join(" and ")} are given`;
  faults.add("nodes", `${expectsOne} ${allowed.join(", ")}; ${which}`);
  return null;
}

/** Reads the nodes of a source that is no cloud; what is wrong with them goes to `faults`. */
export function readInventory(
  { nodes, machinesFile, inventory }: Values<Sources>,
  source: keyof Sources | null,
  faults: Faults,
): Node[] {
  if (source === "nodes") {
    return readNodes(nodes, "nodes", faults);
  }
  if (source === "inventory" && inventory) {
    const path = `${inventory.stack} ${inventory.output}`;
    return readNodes(inventory.nodes, path, faults);
  }
  if (source !== "machinesFile" || !machinesFile) {
    return [];
  }
  const text = readInputFile(machinesFile, "machinesFile", faults);
  return text === undefined ? [] : readMachines(text, machinesFile, faults);
}
