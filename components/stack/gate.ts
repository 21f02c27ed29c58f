/** What a component awaits between its look at what is there and its first resource. */
export type LookIsGood = () => Promise<void>;

/**
 * Holds several components of one program together: each may look at what is there, but none declares a
 * resource before the looks of all have been good. Otherwise one would have changed something before
 * another one's fault ends the program.
 *
 * Only for components whose looks need nothing of each other's resources: they would wait for ever.
 */
export class Gate {
  private good = 0;
  private open: () => void = () => {};
  /** Closes it for all: theirs is the same error then, which Pulumi says once. */
  fail: (error: unknown) => void = () => {};
  private readonly opened = new Promise<void>((resolve, reject) => {
    this.open = resolve;
    this.fail = reject;
  });

  private readonly components: number;

  /** @param components how many there are; each looks once */
  constructor(components: number) {
    this.components = components;
    this.opened.catch(() => {}); // it is the error of a component, which says it
  }

  /** Does the work of one component. */
  async pass<T>(work: (lookIsGood: LookIsGood) => Promise<T>): Promise<T> {
    try {
      return await work(() => {
        this.good++;
        if (this.good === this.components) {
          this.open();
        }
        return this.opened;
      });
    } catch (error) {
      this.fail(error);
      throw error;
    }
  }
}

/** For a component that waits for no other. */
export const alone: Pick<Gate, "pass"> = {
  pass: (work) => work(() => Promise.resolve()),
};
