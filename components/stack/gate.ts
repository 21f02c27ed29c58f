/** A component awaits this between its look at what is there and its first resource. */
export type LookIsGood = () => Promise<void>;

/**
 * Makes the components of one program wait for each other: each looks at what is there, and none declares a
 * resource before all have found nothing wrong. Otherwise one would have changed something before the fault of
 * another ends the program.
 *
 * Only for components whose looks need no resource of another one: those would wait for ever.
 */
export class Gate {
  private good = 0;
  private readonly opened = Promise.withResolvers<void>();
  private readonly components: number;

  /** @param components their number; each passes once */
  constructor(components: number) {
    this.components = components;
    this.opened.promise.catch(() => {}); // a component fails by this error, so it is not lost
  }

  /** Fails all components by the same error, which Pulumi prints once. */
  fail(error: unknown): void {
    this.opened.reject(error);
  }

  /** Does the work of one component, which has to await `lookIsGood`. */
  async pass<T>(work: (lookIsGood: LookIsGood) => Promise<T>): Promise<T> {
    try {
      return await work(() => {
        this.good++;
        if (this.good === this.components) {
          this.opened.resolve();
        }
        return this.opened.promise;
      });
    } catch (error) {
      this.fail(error);
      throw error;
    }
  }
}

/** The gate of a component that waits for no other. */
export const alone: Pick<Gate, "pass"> = {
  pass: (work) => work(() => Promise.resolve()),
};
