import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Engine, environment } from "../lab/engine.ts";
import { type Result, tryRun } from "../lab/exec.ts";

/** What the stack's state holds of a resource. */
export interface ResourceState {
  readonly type: string;
  readonly urn: string;
  readonly id: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** A stack of one of the small programs under test/, which declare what a file in $PROGRAM tells them. */
export abstract class ProgramStack {
  /** The directory of the program. */
  protected abstract readonly program: string;
  protected readonly directory: string;

  protected name: string;
  private readonly engine: Engine;
  private readonly env: Readonly<Record<string, string | undefined>>;
  private readonly netns: string | undefined;

  /**
   * @param parent where the stack's own directory is made
   * @param netns the network namespace to run in; undefined is this machine's own network
   */
  constructor(
    name: string,
    engine: Engine,
    env: Readonly<Record<string, string | undefined>>,
    parent: string,
    netns?: string,
  ) {
    this.name = name;
    this.engine = engine;
    this.env = env;
    this.netns = netns;
    this.directory = join(parent, name);
  }

  async init(): Promise<this> {
    for (const part of ["state", "tmp"]) {
      mkdirSync(join(this.directory, part), { recursive: true });
    }
    // `stack init` writes a file beside Pulumi.yaml, which must not be the one in the checkout
    copyFileSync(
      join(this.program, "Pulumi.yaml"),
      join(this.directory, "Pulumi.yaml"),
    );
    succeeded(await this.pulumi(["stack", "init", this.name], this.directory));
    return this;
  }

  /** Runs the CLI on what is declared. */
  run(declared: unknown, ...args: string[]): Promise<Result> {
    writeFileSync(this.programFile, JSON.stringify(declared));
    const config = join(this.directory, `Pulumi.${this.name}.yaml`);
    return this.pulumi(
      [...args, "--stack", this.name, "--config-file", config],
      this.program,
    );
  }

  /** The stack's state as it lies on the disk. */
  get stateText(): string {
    const yaml = readFileSync(join(this.program, "Pulumi.yaml"), "utf8");
    const [, project] = /^name: (.*)$/m.exec(yaml) ?? [];
    const file = `state/.pulumi/stacks/${project}/${this.name}.json`;
    return readFileSync(join(this.directory, file), "utf8");
  }

  /** The outputs of the stack. */
  get outputs(): Readonly<Record<string, unknown>> {
    const isStack = ({ type }: ResourceState) => type === "pulumi:pulumi:Stack";
    return this.resources.find(isStack)?.outputs ?? {};
  }

  /** The resources in the state whose type begins like this, by name. */
  protected ofType(type: string): Record<string, ResourceState> {
    return Object.fromEntries(
      this.resources
        .filter((resource) => resource.type.startsWith(type))
        .map((resource) => [resource.urn.split("::").at(-1) ?? "", resource]),
    );
  }

  private get resources(): ResourceState[] {
    return JSON.parse(this.stateText).checkpoint.latest?.resources ?? [];
  }

  private get programFile(): string {
    return join(this.directory, "program.json");
  }

  /** Runs a command in the program's directory, with what it takes to run the CLI. */
  inside(command: readonly string[]): Promise<Result> {
    return this.execute(command, this.program);
  }

  protected pulumi(args: readonly string[], cwd: string): Promise<Result> {
    return this.execute([this.engine.pulumi, ...args], cwd);
  }

  private execute(all: readonly string[], cwd: string): Promise<Result> {
    const env = {
      ...environment(this.engine, join(this.directory, "state")),
      PULUMI_CONFIG_PASSPHRASE: "for the tests",
      PROGRAM: this.programFile,
      // the engine leaves files behind when a program fails
      TMPDIR: join(this.directory, "tmp"),
      ...this.env,
    };
    const inside =
      this.netns === undefined ? [] : ["ip", "netns", "exec", this.netns];
    const [command = "", ...rest] = [...inside, ...all];
    return tryRun(command, rest, { cwd, env });
  }
}

/** Asserts that a command succeeded; returns what it said. */
export function succeeded({ code, stdout, stderr }: Result): string {
  assert.equal(code, 0, stdout + stderr);
  return stdout;
}

/** Asserts that a command failed; returns all that it said. */
export function failed({ code, stdout, stderr }: Result): string {
  assert.notEqual(code, 0, stdout + stderr);
  return stdout + stderr;
}
