import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { installTools } from "../lab/base.ts";
import { once } from "../lab/cache.ts";
import { run, step } from "../lab/exec.ts";
import { cache } from "../lab/paths.ts";

const requirements = join(import.meta.dirname, "requirements.txt");

/** The peers that are written in Python, in a directory of their own. */
export class Python {
  private readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** Installs them, once a machine. */
  static async install(): Promise<Python> {
    await installTools("pip3");
    const program = "import sys; print('%d.%d' % sys.version_info[:2])";
    const version = (await run("python3", ["-c", program])).trim();
    const hash = createHash("sha256").update(readFileSync(requirements));
    const name = `bench-peers-${hash.digest("hex").slice(0, 12)}-python${version}`;
    const directory = await once(join(cache, name), async (unfinished) => {
      await step(
        "Installing ansible-core and pyinfra",
        run("python3", [
          "-m",
          "pip",
          "install",
          "--quiet",
          "--no-deps",
          "--only-binary=:all:",
          `--target=${unfinished}`,
          `--requirement=${requirements}`,
        ]),
      );
    });
    return new Python(directory);
  }

  /** How one of their commands is started. */
  command(name: string): string[] {
    return ["python3", join(this.directory, "bin", name)];
  }

  get env(): Record<string, string> {
    return { PYTHONPATH: this.directory };
  }

  /** The version of a package, as requirements.txt pins it. */
  version(name: string): string {
    const pinned = new RegExp(`^${name}==(.*)$`, "m");
    return pinned.exec(readFileSync(requirements, "utf8"))?.[1] ?? "unknown";
  }
}
