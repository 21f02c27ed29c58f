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

/** What `@pulumi/command` in package.json asks for. */
const plugin = { name: "command", version: "1.2.1" };
/** Pulumi's home for this checkout: with a stand-in in it, it must not be the user's own. */
export const home = join(local, "pulumi-home");
const pluginDirectory = join(
  home,
  "plugins",
  `resource-${plugin.name}-v${plugin.version}`,
);
const executable = `pulumi-resource-${plugin.name}`;
/** The file that tells our stand-in from the official plugin. */
const standInMark = "stand-in";

/** Sees to the command plugin. Returns whether it is the stand-in. */
export async function providePlugin(
  pulumi: string,
  env: Record<string, string>,
): Promise<boolean> {
  const theirs = join(
    process.env.PULUMI_HOME ?? join(homedir(), ".pulumi"),
    "plugins",
    `resource-${plugin.name}-v${plugin.version}`,
  );
  const isStandIn = existsSync(join(pluginDirectory, standInMark));
  if (existsSync(join(pluginDirectory, executable)) && !isStandIn) {
    return false;
  }
  if (existsSync(join(theirs, executable))) {
    rmSync(pluginDirectory, { recursive: true, force: true });
    linkPlugin(theirs, pluginDirectory);
    return false;
  }
  const failed = join(cache, "plugin-download-failed");
  if (!wasMarkedToday(failed)) {
    rmSync(pluginDirectory, { recursive: true, force: true });
    const args = ["plugin", "install", "resource", plugin.name, plugin.version];
    const { code } = await step(
      `Downloading the ${plugin.name} plugin ${plugin.version}`,
      tryRun(pulumi, args, { env: { ...process.env, ...env } }),
    );
    if (code === 0) {
      return false;
    }
    rmSync(pluginDirectory, { recursive: true, force: true });
    mark(failed);
  }
  await installStandIn();
  return true;
}

/** Puts a plugin where the engine finds it. The engine overlooks a folder that is a symbolic link, so the files are the links. */
export function linkPlugin(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const file of readdirSync(from)) {
    symlinkSync(resolve(from, file), join(to, file));
  }
}

/** Brings the stand-in up to date with its sources. Others may be running it meanwhile. */
async function installStandIn(): Promise<void> {
  const { transpileModule, ModuleKind, ScriptTarget } = await import(
    "typescript"
  );
  mkdirSync(pluginDirectory, { recursive: true });
  // first, so that one that is not finished is not taken for the official plugin
  replace(standInMark, "lab/standin of this checkout\n");
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
    replace(file.replace(/\.ts$/, ".js"), outputText);
  }
  const start = `#!/bin/sh\nexec "${process.execPath}" "\${0%/*}/provider.js" "$@"\n`;
  replace(executable, start, 0o755);
}

/** Writes a file of the plugin in one step: whoever reads it finds the old one or the new one. */
function replace(name: string, text: string, mode = 0o644): void {
  const unfinished = join(pluginDirectory, `${name}.${process.pid}`);
  writeFileSync(unfinished, text, { mode });
  renameSync(unfinished, join(pluginDirectory, name));
}
