import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { mark, wasMarkedToday } from "./cache";
import { step, tryRun } from "./exec";
import { cache, local, root } from "./paths";

/** A provider plugin that the project uses: a Pulumi package of package.json. */
export type PluginName = "command" | "aws" | "gcp";

/** Pulumi's home for this checkout: with stand-ins in it, it must not be the user's own. */
export const home = join(local, "pulumi-home");
/** The file that tells our stand-in from the official plugin. */
const standInMark = "stand-in";

/** The folder of a plugin below Pulumi's home, as the engine names it. */
function folder(name: PluginName): string {
  return `plugins/resource-${name}-v${version(name)}`;
}

/** What package.json asks for; an SDK and its plugin have the same version. */
function version(name: PluginName): string {
  const { dependencies, optionalDependencies } = JSON.parse(
    readFileSync(join(root, "package.json"), "utf8"),
  );
  return { ...dependencies, ...optionalDependencies }[`@pulumi/${name}`];
}

/** Sees to a plugin. Returns whether it is the stand-in. */
export async function providePlugin(
  name: PluginName,
  pulumi: string,
  env: Record<string, string>,
): Promise<boolean> {
  const executable = `pulumi-resource-${name}`;
  const ours = join(home, folder(name));
  const theirs = join(
    process.env.PULUMI_HOME ?? join(homedir(), ".pulumi"),
    folder(name),
  );
  const isStandIn = existsSync(join(ours, standInMark));
  if (existsSync(join(ours, executable)) && !isStandIn) {
    return false;
  }
  if (existsSync(join(theirs, executable))) {
    rmSync(ours, { recursive: true, force: true });
    linkPlugin(theirs, ours);
    return false;
  }
  const failed = join(cache, "plugin-download-failed");
  if (!wasMarkedToday(failed)) {
    rmSync(ours, { recursive: true, force: true });
    const args = ["plugin", "install", "resource", name, version(name)];
    const { code } = await step(
      `Downloading the ${name} plugin ${version(name)}`,
      tryRun(pulumi, args, { env: { ...process.env, ...env } }),
    );
    if (code === 0) {
      return false;
    }
    rmSync(ours, { recursive: true, force: true });
    mark(failed);
  }
  await installStandIn(name, ours, executable);
  return true;
}

/** Puts a plugin where the engine finds it. The engine overlooks a folder that is a symbolic link, so the files are the links. */
export function linkPlugin(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const file of readdirSync(from)) {
    symlinkSync(resolve(from, file), join(to, file));
  }
}

/** Brings a stand-in up to date with its sources. Others may be running it meanwhile. */
async function installStandIn(
  name: PluginName,
  directory: string,
  executable: string,
): Promise<void> {
  const { transpileModule, ModuleKind, ScriptTarget } = await import(
    "typescript"
  );
  mkdirSync(directory, { recursive: true });
  // first, so that one that is not finished is not taken for the official plugin
  replace(join(directory, standInMark), "lab/standin of this checkout\n");
  const sources = join(root, "lab/standin");
  for (const file of readdirSync(sources)) {
    const { outputText } = transpileModule(
      readFileSync(join(sources, file), "utf8"),
      {
        compilerOptions: {
          module: ModuleKind.CommonJS,
          target: ScriptTarget.ES2022,
        },
      },
    );
    replace(join(directory, file.replace(/\.ts$/, ".js")), outputText);
  }
  const start = `#!/bin/sh\nexec "${process.execPath}" "\${0%/*}/${name}.js" "$@"\n`;
  replace(join(directory, executable), start, 0o755);
}

/** Writes a file in one step: whoever reads it finds the old one or the new one. */
function replace(file: string, text: string, mode = 0o644): void {
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, text, { mode });
  renameSync(unfinished, file);
}
