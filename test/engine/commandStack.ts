import assert from "node:assert/strict";
import { join } from "node:path";
import type { remote } from "@pulumi/command";
import type { CustomResourceOptions } from "@pulumi/pulumi";
import type { Engine } from "../../lab/engine.ts";
import { engineWithGivenPlugin } from "../../lab/givenPlugin.ts";
import type { Lab } from "../../lab/lab.ts";
import {
  ProgramStack,
  type ResourceState,
  succeeded,
} from "../programStack.ts";

/** The arguments of a remote command; standard input may be the output of another. */
export type Command = Omit<remote.CommandArgs, "stdin"> & {
  stdin?: string | { stdoutOf: string };
  opts?: CustomResourceOptions;
};

/** The engine, with the command plugin in $COMMAND_PLUGIN_DIR if that is set, else with the one that the project uses here. */
export async function engineUnderTest(
  directory: string,
): Promise<Engine & { plugin: string }> {
  const engine = await engineWithGivenPlugin(join(directory, "home"));
  const usual =
    engine.standIns.length > 0
      ? "the stand-in, lab/standin"
      : "the official one";
  return { ...engine, plugin: engine.given ?? usual };
}

/** A stack that is nothing but remote commands, run inside a lab's network. */
export class CommandStack extends ProgramStack {
  protected readonly program = join(import.meta.dirname, "conformance");

  constructor(name: string, engine: Engine, lab: Lab, parent: string) {
    // no agent but the one that a command names
    super(name, engine, { SSH_AUTH_SOCK: undefined }, parent, lab.netns);
  }

  /** Applies the commands, which must succeed. */
  async up(
    commands: Readonly<Record<string, Command>>,
    ...args: string[]
  ): Promise<void> {
    succeeded(await this.run(commands, ...up, ...args));
  }

  /** Applies commands of which some must fail; returns what was said about each. */
  async upFails(
    commands: Readonly<Record<string, Command>>,
  ): Promise<Record<string, string>> {
    const { code, stdout, stderr } = await this.run(commands, ...up);
    assert.notEqual(code, 0, stdout + stderr);
    const [, diagnostics = ""] = stdout.split(/^Diagnostics:$/m);
    const sections = diagnostics.split(/^ {2}\S+ \((\S+)\):$/m).slice(1);
    return Object.fromEntries(
      sections.flatMap((name, i) =>
        i % 2 === 0 ? [[name, sections[i + 1] ?? ""]] : [],
      ),
    );
  }

  /** The commands in the state, by name. */
  get commands(): Readonly<Record<string, ResourceState>> {
    return this.ofType("command:remote:Command");
  }
}

const up = ["up", "--yes", "--skip-preview", "--continue-on-error"];
