import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { hasCommand, run, step } from "./exec.ts";
import { root } from "./paths.ts";

const sources = join(root, "lab");

/** The version of a Go module that the go.mod of a folder, relative to lab/, requires. */
export function moduleVersion(part: string, module: string): string {
  const words = readFileSync(join(sources, part, "go.mod"), "utf8").split(
    /\s+/,
  );
  const at = words.indexOf(module);
  const version = words[at + 1];
  if (at === -1 || version === undefined) {
    throw new Error(`lab/${part}/go.mod does not require ${module}`);
  }
  return version;
}

interface GoBuild {
  /** The programs, and how long their build takes, for messages. */
  readonly what: string;
  readonly takes: string;
  /** What it says where there is no Go. Default: that the programs can be installed as well. */
  readonly withoutGo?: string;
  /** The folder, relative to lab/, whose go.mod lists the modules. */
  readonly part: string;
  /** The programs' packages. Default: the folder itself. */
  readonly targets?: readonly string[];
  /** Default: without symbols. */
  readonly ldflags?: string;
  readonly tags?: string;
  /** Patterns of packages that are compiled without optimization, which takes less time. */
  readonly unoptimized?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Compiles programs into a directory; throws where there is no Go. */
export async function goBuild(
  directory: string,
  { what, takes, part, ...options }: GoBuild,
): Promise<void> {
  if (!(await hasCommand("go"))) {
    throw new Error(
      options.withoutGo ??
        `there is no ${what} here, it cannot be downloaded, and there is no Go to build it with: install one of the two`,
    );
  }
  mkdirSync(directory, { recursive: true });
  const { ldflags = "-s -w", tags = "", unoptimized = [] } = options;
  const args = [
    "build",
    "-trimpath",
    "-buildvcs=false",
    `-ldflags=${ldflags}`,
    `-tags=${tags}`,
    ...unoptimized.map((packages) => `-gcflags=${packages}=-N -l`),
    `-o=${directory}/`,
    ...(options.targets ?? ["."]),
  ];
  const env = { ...process.env, ...options.env };
  await step(
    `Building ${what} from Go modules (${takes})`,
    run("go", args, { cwd: join(sources, part), env }),
  );
}
