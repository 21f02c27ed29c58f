type Clean = () => void | Promise<void>;

const cleaners: Clean[] = [];
let interrupted = false;

/**
 * Does something and cleans up after it, also if the bench is stopped by hand meanwhile: what it has
 * started would be there until the next run.
 */
export async function cleaning<T>(
  clean: Clean,
  work: () => Promise<T>,
): Promise<T> {
  cleaners.push(clean);
  try {
    return await work();
  } finally {
    if (interrupted) {
      await new Promise(() => {}); // it is being cleaned up already, and then it ends
    }
    cleaners.splice(cleaners.lastIndexOf(clean), 1);
    await clean();
  }
}

/** From now on Ctrl-C and the like clean up before they end the bench. */
export function cleanOnInterrupt(): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, async () => {
      interrupted = true;
      for (const clean of cleaners.splice(0).reverse()) {
        await Promise.resolve(clean()).catch(console.error);
      }
      process.exit(1);
    });
  }
}
