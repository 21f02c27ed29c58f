import { existsSync } from "node:fs";
import { join } from "node:path";
import { installTools } from "./base.ts";
import { builtFrom, once } from "./cache.ts";
import { run, step, tryRun } from "./exec.ts";
import { root } from "./paths.ts";

/** Such as 3.11; undefined where there is no python3. */
export async function pythonVersion(): Promise<string | undefined> {
  const program = "import sys; print('%d.%d' % sys.version_info[:2])";
  const { code, stdout } = await tryRun("sh", [
    "-c",
    `python3 -c "${program}"`,
  ]);
  return code === 0 ? stdout.trim() : undefined;
}

export async function hasPip(): Promise<boolean> {
  return (await tryRun("sh", ["-c", "python3 -m pip --version"])).code === 0;
}

/** Whether {@link pipInstall} has installed these packages. */
export function isInstalled(
  name: string,
  requirements: string,
  python: string | undefined,
): boolean {
  return existsSync(installed(name, requirements, python));
}

/** Where packages are installed: what is compiled in them fits one version of Python. */
function installed(name: string, requirements: string, python = ""): string {
  return `${builtFrom(name, requirements)}-python${python}`;
}

/**
 * Installs Python packages into a directory of their own, once a machine, whatever else is installed.
 *
 * @param requirements the file relative to lab/ that pins them
 * @param what what is being done, for people
 */
export async function pipInstall(
  name: string,
  requirements: string,
  what: string,
): Promise<string> {
  const there = isInstalled(name, requirements, await pythonVersion());
  if (!there && !(await hasPip())) {
    await installTools("pip3");
  }
  const directory = installed(name, requirements, await pythonVersion());
  return once(directory, async (unfinished) => {
    const options = ["--quiet", "--no-deps", "--only-binary=:all:"];
    const files = [
      `--target=${unfinished}`,
      `--requirement=${join(root, "lab", requirements)}`,
    ];
    const args = ["-m", "pip", "install", ...options, ...files];
    await step(what, run("python3", args));
  });
}
