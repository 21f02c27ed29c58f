import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { builtFrom, mark, once, wasMarkedToday } from "./cache.ts";
import { step, tryRun } from "./exec.ts";
import { goBuild } from "./goBuild.ts";
import { replaceFile } from "./optionalFiles.ts";
import { cache, local, root } from "./paths.ts";

/** A provider plugin that the project uses: a Pulumi package of package.json. */
export type PluginName = "command" | "aws" | "gcp" | "openstack";

/** Pulumi's home for this checkout: with stand-ins in it, it must not be the user's own. */
export const home = join(local, "pulumi-home");
/** The file that tells our stand-in, or what we have built, from the official plugin. */
export const standInMark = "stand-in";
const standIns = "lab/standin";

/** The folder of a plugin below Pulumi's home, as the engine names it. */
export function pluginFolder(name: PluginName): string {
  return `plugins/resource-${name}-v${version(name)}`;
}

/** What package.json asks for; an SDK and its plugin have the same version. */
function version(name: PluginName): string {
  const { dependencies, optionalDependencies } = JSON.parse(
    readFileSync(join(root, "package.json"), "utf8"),
  );
  return { ...dependencies, ...optionalDependencies }[`@pulumi/${name}`];
}

/** Puts a plugin into Pulumi's home for this checkout. Returns whether it is another than the official one. */
export async function providePlugin(
  name: PluginName,
  pulumi: string,
  env: Record<string, string>,
): Promise<boolean> {
  const executable = `pulumi-resource-${name}`;
  const ours = join(home, pluginFolder(name));
  const theirs = join(
    process.env.PULUMI_HOME ?? join(homedir(), ".pulumi"),
    pluginFolder(name),
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
    // replaces what is there only after the download: another process may be running it
    const args = [
      "plugin",
      "install",
      "--reinstall",
      "resource",
      name,
      version(name),
    ];
    const { code } = await step(
      `Downloading the ${name} plugin ${version(name)}`,
      tryRun(pulumi, args, { env: { ...process.env, ...env } }),
    );
    if (code === 0) {
      return false;
    }
    mark(failed);
  }
  mkdirSync(ours, { recursive: true });
  // first, so that one that is not finished is not taken for the official plugin
  replaceFile(
    join(ours, standInMark),
    "made by this checkout, see lab/plugin.ts\n",
  );
  if (name === "openstack") {
    linkPlugin(await builtOpenstack(), ours);
  } else {
    installStandIn(name, ours, executable);
  }
  return true;
}

/** Puts a plugin where the engine finds it. The engine overlooks a folder that is a symbolic link, so the files are the links. */
export function linkPlugin(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const file of readdirSync(from)) {
    // renamed into place, because another process may be doing the same
    const unfinished = join(to, `${file}.${process.pid}`);
    symlinkSync(resolve(from, file), unfinished);
    renameSync(unfinished, join(to, file));
  }
}

/**
 * The openstack plugin is no stand-in even where it is not the official one: it is the same Terraform
 * provider under the same bridge, compiled here, with the names of what this project uses (lab/engine/openstack).
 */
async function builtOpenstack(): Promise<string> {
  const sources = ["go.mod", "main.go"].map(
    (file) => `engine/openstack/${file}`,
  );
  const directory = builtFrom("openstack-plugin", ...sources);
  return once(directory, (unfinished) =>
    goBuild(unfinished, {
      what: "openstack plugin",
      takes: "a minute",
      part: "engine/openstack",
    }),
  );
}

/** Writes a script that starts a stand-in with the Node.js that runs this, and with a compile cache, which halves the time it takes. */
function installStandIn(
  name: PluginName,
  directory: string,
  executable: string,
): void {
  const program = join(root, standIns, `${name}.ts`);
  const compiled = join(root, "node_modules/.cache/node");
  const start = `#!/bin/sh
export NODE_COMPILE_CACHE="${compiled}"
exec "${process.execPath}" "${program}" "$@"
`;
  replaceFile(join(directory, executable), start, 0o755);
}
