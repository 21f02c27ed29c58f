import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type Engine, getEngine } from "./engine.ts";
import { linkPlugin, pluginFolder, standInMark } from "./plugin.ts";

/**
 * The engine with the command plugin in the directory $COMMAND_PLUGIN_DIR, if that is set, else with
 * the one that the project uses on this machine.
 *
 * @param home where a Pulumi home is made for a plugin that is given
 */
export async function engineWithGivenPlugin(
  home: string,
): Promise<Engine & { readonly given: string | undefined }> {
  const engine = await getEngine("command");
  const given = process.env.COMMAND_PLUGIN_DIR;
  if (given === undefined) {
    return { ...engine, given };
  }
  linkPlugin(given, join(home, pluginFolder("command")));
  const standIns = readdirSync(given).includes(standInMark)
    ? ["command" as const]
    : [];
  const env = { ...engine.env, PULUMI_HOME: home };
  return { ...engine, env, standIns, given };
}
