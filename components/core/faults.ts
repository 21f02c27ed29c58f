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

  add(path: string, message: string): void {
    this.all.push({ path: oneLine(path), message: oneLine(message) });
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
  constructor(
    what: string,
    readonly faults: readonly Fault[],
  ) {
    const lines = faults.map((f) => `  - ${f.path}: ${f.message}`);
    const count = faults.length === 1 ? "1 fault" : `${faults.length} faults`;
    super([`${what}: ${count}; nothing was changed`, ...lines].join("\n"));
    this.name = "FaultsError";
  }
}

/** A fault is one line and cannot steer a terminal, whatever stands in keys and file names. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}|\p{Zl}|\p{Zp}/gu, escaped);
}

function escaped(c: string): string {
  return `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** Shows a value of the input in a message: quoted, on one line, never longer than a line can bear. */
export function show(value: unknown): string {
  // no more than can be shown: JSON that is nested without end would end the program
  let items = 80;
  const text =
    JSON.stringify(value, (_key, item) => (items-- > 0 ? item : undefined)) ??
    String(value);
  const printable = text.replace(/[\u007f-\uffff]/g, escaped);
  return printable.length > 80 ? `${printable.slice(0, 76)} ..."` : printable;
}
