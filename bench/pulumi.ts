import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Engine } from "../lab/engine.ts";
import { engineWithGivenPlugin } from "../lab/givenPlugin.ts";
import { Stack } from "../lab/stack.ts";
import type { Command, Contender, Site } from "./contender.ts";

/** The process that runs a program in JavaScript, by its command line. */
export const programProcess = /@pulumi\/pulumi\/cmd\/run/;

/** The engine, and in words which command plugin it has. */
export interface BenchEngine extends Engine {
  readonly plugin: string;
}

/**
 * The engine of the bench, and which command plugin it has.
 *
 * @param home where a Pulumi home is made for a plugin that is given
 */
export async function benchEngine(home: string): Promise<BenchEngine> {
  const engine = await engineWithGivenPlugin(home);
  const isStandIn = engine.standIns.length > 0;
  if (engine.given === undefined) {
    const plugin = isStandIn
      ? "the stand-in of lab/standin"
      : "the official one";
    return { ...engine, plugin };
  }
  return {
    ...engine,
    plugin: isStandIn
      ? "the stand-in of lab/standin, by COMMAND_PLUGIN_DIR"
      : `given by COMMAND_PLUGIN_DIR, its sha256 ${digest(engine.given)}`,
  };
}

/** Whose work a plugin is that somebody gives us cannot be told from here; which file it is, can. */
function digest(directory: string): string {
  const file = join(directory, "pulumi-resource-command");
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

/** A contender that is a stack. */
export interface StackContender extends Contender {
  readonly stack: Stack;
  /** A command of the CLI, for this stack. */
  cli(...args: string[]): Command;
}

/** A stack as a contender, but for how its hosts are described. */
export async function stackAt(
  site: Site,
  engine: Engine,
  project: { readonly name: string; readonly directory: string },
  env: Record<string, string> = {},
): Promise<Omit<StackContender, "describe">> {
  const { lab, directory, parallel } = site;
  const stack = new Stack(
    "bench",
    engine,
    lab.netns,
    directory,
    { HOME: directory, SSH_AUTH_SOCK: "", LANG: "C.UTF-8", ...env },
    project.directory,
  );
  await stack.init();
  const cli = (...args: string[]): Command => ({
    command: stack.command(args),
    cwd: project.directory,
    env: stack.environment(),
  });
  const change = (verb: string) =>
    cli(verb, "--yes", "--skip-preview", "--parallel", String(parallel));
  return {
    stack,
    cli,
    stateFile: join(
      directory,
      `state/.pulumi/stacks/${project.name}/bench.json`,
    ),
    apply: () => change("up"),
    destroy: () => change("destroy"),
  };
}
