import fc from "fast-check";

/** Workers of the campaign; the last has systemd. */
const workers = ["worker-0", "worker-1", "worker-2"] as const;

/** What goes wrong while a change is under way. */
export const faultKinds = [
  "engine killed",
  "program killed",
  "plugin killed",
  "remote shell killed",
  "connection dropped",
  "host dies",
  "host hangs",
  "host is slow",
  "disk full",
  "/etc read-only",
  "no ip",
  "no sudo",
  "other host key",
  "two at once",
  "reboot",
  "routes deleted",
] as const;

export type FaultKind = (typeof faultKinds)[number];

/** Which worker has which pod CIDR, by number of the CIDR; a worker that is not named is out of the cluster. */
export type Table = Readonly<Record<string, number>>;

/** One run of the campaign. */
export interface Run {
  /** What the stack is to become; undefined: it is destroyed. */
  readonly table: Table | undefined;
  readonly fault: FaultKind;
  /** The host that the fault hits, where it hits one. */
  readonly host: (typeof workers)[number];
  /** When, in milliseconds after the start of the change. */
  readonly after: number;
}

const table = fc
  .tuple(
    fc.shuffledSubarray([...workers], { minLength: 1 }),
    fc.shuffledSubarray([0, 1, 2, 3], { minLength: 3, maxLength: 4 }),
  )
  .map(
    ([names, cidrs]): Table =>
      Object.fromEntries(names.map((name, i) => [name, cidrs[i] ?? 0])),
  );

/** The runs of a campaign: the same for the same seed, and every kind of fault as often as the others. */
export function plan(runs: number, seed: number): Run[] {
  const one = fc.record({
    table: fc.option(table, { freq: 8, nil: undefined }),
    host: fc.constantFrom(...workers),
    after: fc.integer({ min: 0, max: 1800 }),
  });
  return fc
    .sample(one, { numRuns: runs, seed })
    .map((run, i) => ({ ...run, fault: kind(i, seed) }));
}

function kind(i: number, seed: number): FaultKind {
  const { length } = faultKinds;
  return faultKinds[(i + seed) % length] ?? "engine killed";
}
