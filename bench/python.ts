import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pipInstall } from "../lab/pip.ts";

const requirements = join(import.meta.dirname, "requirements.txt");

/** The peers that are written in Python, in a directory of their own. */
export class Python {
  private readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** Installs them, once a machine. */
  static async install(): Promise<Python> {
    const what = "Installing ansible-core and pyinfra";
    const file = "../bench/requirements.txt";
    const directory = await pipInstall("bench-peers", file, what);
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
