import { z } from "zod";
import type { Cidr } from "../core/cidr.ts";
import type { Fault, Faults } from "../core/faults.ts";
import { strict } from "../core/schema.ts";
import { readInputFile } from "./files.ts";
import { readMachines } from "./machinesFile.ts";
import { type Node, type NodeArgs, readCidr, readNodes } from "./nodes.ts";

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

/** Where the nodes may come from; exactly one of these is given. The values are as the user wrote them. */
export interface Sources {
  readonly nodes?: unknown;
  readonly machinesFile?: unknown;
  /** The output of another stack, already read. */
  readonly inventory?: unknown;
  /** Instances of a cloud, which are looked up later. */
  readonly instances?: unknown;
}

const expectsOne = "give the inventory by one of";

/** Whether a fault is that no source is given, or several are. */
export function isSourceFault({ message }: Fault): boolean {
  return message.startsWith(expectsOne);
}

/**
 * The one source that is given, or undefined, with a fault, if it is none or several.
 *
 * @param allowed the sources that the target knows
 */
export function givenSource<K extends keyof Sources>(
  sources: Sources,
  allowed: readonly K[],
  faults: Faults,
): K | undefined {
  const given = allowed.filter((key) => sources[key] !== undefined);
  if (given.length === 1) {
    return given[0];
  }
  const which =
    given.length === 0 ? "none is given" : `${given.join(" and ")} are given`;
  faults.add("nodes", `${expectsOne} ${allowed.join(", ")}; ${which}`);
  return undefined;
}

/** Reads the nodes of a source that is no cloud; what is wrong with them goes to `faults`. */
export function readInventory(
  { nodes, machinesFile, inventory }: Sources,
  source: keyof Sources | undefined,
  faults: Faults,
): Node[] {
  if (source === "nodes") {
    return readNodes(nodes, "nodes", faults);
  }
  if (source === "inventory") {
    // what is wrong with the object itself is said by the schema of the arguments
    const given = stackInventorySchema.safeParse(inventory).data;
    return given === undefined
      ? []
      : readNodes(given.nodes, `${given.stack} ${given.output}`, faults);
  }
  if (
    source !== "machinesFile" ||
    typeof machinesFile !== "string" ||
    machinesFile === ""
  ) {
    return [];
  }
  const text = readInputFile(machinesFile, "machinesFile", faults);
  return text === undefined ? [] : readMachines(text, machinesFile, faults);
}

/** Reads a list of CIDRs; what is no text in it is left to the schema. */
export function readCidrs(
  value: unknown,
  path: string,
  faults: Faults,
): Cidr[] {
  const list: unknown[] = Array.isArray(value) ? value : [];
  return list.flatMap((text, i) =>
    typeof text === "string"
      ? (readCidr(text, `${path}[${i}]`, faults) ?? [])
      : [],
  );
}
