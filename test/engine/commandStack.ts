import assert from "node:assert/strict";
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { remote } from "@pulumi/command";
import type { CustomResourceOptions } from "@pulumi/pulumi";
import { type Engine, environment, getEngine } from "../../lab/engine";
import { type Result, tryRun } from "../../lab/exec";
import type { Lab } from "../../lab/lab";
import { linkPlugin } from "../../lab/plugin";

/** The arguments of a remote command; standard input may be the output of another. */
export type Command = Omit<remote.CommandArgs, "stdin"> & {
  stdin?: string | { stdoutOf: string };
  opts?: CustomResourceOptions;
};

/** What the stack's state holds of a command. */
export interface CommandState {
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, unknown>>;
}

const program = join(__dirname, "conformance");

/** The engine, with the command plugin in $COMMAND_PLUGIN_DIR if that is set, else with the one that the project uses here. */
export async function engineUnderTest(
  directory: string,
): Promise<Engine & { plugin: string }> {
  const engine = await getEngine("command");
  const given = process.env.COMMAND_PLUGIN_DIR;
  if (given === undefined) {
    return {
      ...engine,
      plugin:
        engine.standIns.length > 0
          ? "the stand-in, lab/standin"
          : "the official one",
    };
  }
  linkPlugin(given, join(directory, "home/plugins/resource-command-v1.2.1"));
  const env = { ...engine.env, PULUMI_HOME: join(directory, "home") };
  const standIns = readdirSync(given).includes("stand-in")
    ? ["command" as const]
    : [];
  return { ...engine, env, standIns, plugin: given };
}

/** A stack that is nothing but remote commands, run inside a lab's network. */
export class CommandStack {
  private readonly directory: string;

  constructor(
    private readonly name: string,
    private readonly engine: Engine,
    private readonly lab: Lab,
    parent: string,
  ) {
    this.directory = join(parent, name);
  }

  async init(): Promise<void> {
    mkdirSync(join(this.directory, "state"), { recursive: true });
    // `stack init` writes a file beside Pulumi.yaml, which shall not be the one in the checkout
    copyFileSync(
      join(program, "Pulumi.yaml"),
      join(this.directory, "Pulumi.yaml"),
    );
    const { code, stderr } = await this.pulumi(
      ["stack", "init", this.name],
      this.directory,
    );
    assert.equal(code, 0, stderr);
  }

  /** Runs the CLI with these commands as the program. */
  run(
    commands: Readonly<Record<string, Command>>,
    ...args: string[]
  ): Promise<Result> {
    writeFileSync(this.commandsFile, JSON.stringify(commands));
    const config = join(this.directory, `Pulumi.${this.name}.yaml`);
    return this.pulumi(
      [...args, "--stack", this.name, "--config-file", config],
      program,
    );
  }

  /** Applies the commands, which must succeed. */
  async up(
    commands: Readonly<Record<string, Command>>,
    ...args: string[]
  ): Promise<void> {
    const { code, stdout, stderr } = await this.run(commands, ...up, ...args);
    assert.equal(code, 0, stdout + stderr);
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

  /** The stack's state as it lies on the disk. */
  get stateText(): string {
    return readFileSync(
      join(
        this.directory,
        "state/.pulumi/stacks/conformance",
        `${this.name}.json`,
      ),
      "utf8",
    );
  }

  /** The commands in the state, by name. */
  get commands(): Readonly<Record<string, CommandState>> {
    const resources: (CommandState & { type: string; urn: string })[] =
      JSON.parse(this.stateText).checkpoint.latest.resources ?? [];
    return Object.fromEntries(
      resources
        .filter(({ type }) => type === "command:remote:Command")
        .map((resource) => [resource.urn.split("::").at(-1) ?? "", resource]),
    );
  }

  private get commandsFile(): string {
    return join(this.directory, "commands.json");
  }

  private pulumi(args: readonly string[], cwd: string): Promise<Result> {
    const state = join(this.directory, "state");
    const { SSH_AUTH_SOCK, ...inherited } = environment(this.engine, state);
    const env = {
      ...inherited,
      PULUMI_CONFIG_PASSPHRASE: "for the tests",
      COMMANDS: this.commandsFile,
    };
    return tryRun(
      "ip",
      ["netns", "exec", this.lab.netns, this.engine.pulumi, ...args],
      { cwd, env },
    );
  }
}

const up = ["up", "--yes", "--skip-preview", "--continue-on-error"];
