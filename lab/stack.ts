import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Engine, environment } from "./engine.ts";
import { mustSucceed, type Result, type RunOptions, tryRun } from "./exec.ts";
import { readIfThere } from "./optionalFiles.ts";
import { root } from "./paths.ts";

/** Commands of the CLI that read the stack's configuration. */
const configured = ["up", "preview", "refresh", "destroy", "config", "import"];

/** A stack with its state in a directory of its own. */
export class Stack {
  readonly name: string;
  private readonly engine: Engine;
  private readonly netns: string | undefined;
  readonly directory: string;
  private readonly env: Record<string, string>;
  readonly project: string;

  constructor(
    name: string,
    engine: Engine,
    /** The network namespace to run in, a lab's; undefined is this machine's own network. */
    netns: string | undefined,
    /** Where state, passphrase and configuration are kept. */
    directory: string,
    env: Record<string, string> = {},
    /** Where the program is: this project, or an example of another. */
    project = root,
  ) {
    this.name = name;
    this.engine = engine;
    this.netns = netns;
    this.directory = directory;
    this.env = env;
    this.project = project;
  }

  get configFile(): string {
    return join(this.directory, `Pulumi.${this.name}.yaml`);
  }

  /** Makes the stack, unless it is there. */
  async init(): Promise<void> {
    mkdirSync(join(this.directory, "state"), { recursive: true });
    if (!existsSync(this.passphraseFile)) {
      const passphrase = randomBytes(24).toString("base64url");
      writeFileSync(this.passphraseFile, passphrase, { mode: 0o600 });
    }
    const stacks: { name: string }[] = JSON.parse(
      await this.must(["stack", "ls", "--json"]),
    );
    if (!stacks.some(({ name }) => name === this.name)) {
      // `stack init` writes its salt into the stack's file beside Pulumi.yaml, wherever that is. Here
      // that is our directory, so that the Pulumi.<stack>.yaml of the project stays as it is.
      copyFileSync(
        join(this.project, "Pulumi.yaml"),
        join(this.directory, "Pulumi.yaml"),
      );
      await this.must(["stack", "init", this.name], { cwd: this.directory });
    }
  }

  /** Sets the stack's configuration: the text of a `Pulumi.<stack>.yaml`. */
  configure(yaml: string): void {
    mkdirSync(this.directory, { recursive: true });
    const salt = /^encryptionsalt: .*\n/m.exec(readIfThere(this.configFile));
    writeFileSync(this.configFile, `${salt?.[0] ?? ""}${yaml}`);
  }

  /** Runs the Pulumi CLI for this stack. */
  pulumi(args: readonly string[], options: RunOptions = {}): Promise<Result> {
    const [command, ...rest] = this.command(args);
    return tryRun(command ?? "", rest, {
      cwd: this.project,
      env: this.environment(),
      ...options,
    });
  }

  /** Like {@link pulumi}; a failing command throws. */
  async must(
    args: readonly string[],
    options: RunOptions = {},
  ): Promise<string> {
    const result = await this.pulumi(args, options);
    return mustSucceed(this.command(args).join(" "), result);
  }

  /** Runs the CLI on this terminal and returns its exit code. */
  interactive(args: readonly string[]): number {
    const [command = "", ...rest] = this.command(args);
    return (
      spawnSync(command, rest, {
        cwd: this.project,
        env: this.environment(),
        stdio: "inherit",
      }).status ?? 1
    );
  }

  /** An output of the stack. */
  async output<T>(name: string): Promise<T> {
    return JSON.parse(await this.must(["stack", "output", name, "--json"]));
  }

  /** The whole command line, for callers that run it themselves. */
  command(args: readonly string[]): string[] {
    const [verb = ""] = args;
    const stack =
      verb === "stack" && ["ls", "init"].includes(args[1] ?? "")
        ? []
        : ["--stack", this.name];
    const config = configured.includes(verb)
      ? ["--config-file", this.configFile]
      : [];
    return this.inside([this.engine.pulumi, ...args, ...stack, ...config]);
  }

  /** A command line, run in the stack's network. */
  inside(command: readonly string[]): string[] {
    return this.netns === undefined
      ? [...command]
      : ["ip", "netns", "exec", this.netns, ...command];
  }

  environment(): NodeJS.ProcessEnv {
    // The engine leaves files behind when a program fails; here they go when the directory goes.
    const temporary = join(this.directory, "tmp");
    mkdirSync(temporary, { recursive: true });
    return {
      ...environment(this.engine, join(this.directory, "state")),
      TMPDIR: temporary,
      // the user's own, which the engine would take instead of the file
      PULUMI_CONFIG_PASSPHRASE: undefined,
      PULUMI_CONFIG_PASSPHRASE_FILE: this.passphraseFile,
      ...this.env,
    };
  }

  private get passphraseFile(): string {
    return join(this.directory, "passphrase");
  }
}

/** The configuration of a stack, from keys of the project. */
export function configOf(keys: Readonly<Record<string, unknown>>): string {
  const lines = Object.entries(keys).map(
    ([key, value]) => `  pod-network-routes:${key}: ${JSON.stringify(value)}\n`,
  );
  return `config:\n${lines.join("")}`;
}
