import { printable } from "./plainText.ts";

/** One thing that is wrong with the input: where it stands, and what is wrong with which value. */
export interface Fault {
  /** Where the value stands, as a path the reader can find: `nodes[2].podCidrs[0]`, `machines.txt:3`. */
  readonly path: string;
  /** The bad value, what is wrong with it and what is allowed; lowercase, no final period. */
  readonly message: string;
}

/** Collects every fault of an input, so that one run names them all. */
export class Faults {
  readonly all: Fault[] = [];

  /** Both are kept as one line of printable ASCII, whatever stands in keys, file names and answers. */
  add(path: string, message: string): void {
    this.all.push({ path: printable(path), message: printable(message) });
  }

  /** Throws a {@link FaultsError} when there is any fault. */
  throwIfAny(what: string): void {
    if (this.all.length > 0) {
      throw new FaultsError(what, this.all);
    }
  }
}

/** Thrown once, with all faults of an input. Its message is for the person who wrote the input. */
export class FaultsError extends Error {
  readonly faults: readonly Fault[];

  constructor(what: string, faults: readonly Fault[]) {
    const lines = faults.map((f) => `  - ${f.path}: ${f.message}`);
    const count = faults.length === 1 ? "1 fault" : `${faults.length} faults`;
    super([`${what}: ${count}; nothing was changed`, ...lines].join("\n"));
    this.faults = faults;
    this.name = "FaultsError";
  }
}

/** Shows a value of the input in a message: quoted, on one line, at most 80 characters long. */
export function show(value: unknown): string {
  // only as many items as can be shown: very deeply nested JSON would overflow the stack
  let items = 80;
  const text =
    JSON.stringify(value, (_key, item) => (items-- > 0 ? item : undefined)) ??
    String(value);
  const line = printable(text);
  return line.length > 80 ? `${line.slice(0, 76)} ..."` : line;
}
