import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ec2 } from "@pulumi/aws";
import type { CustomResourceOptions } from "@pulumi/pulumi";
import { type Engine, environment } from "../../lab/engine";
import { type Result, tryRun } from "../../lab/exec";

/** What a stack declares and looks up. */
export interface Program {
  readonly routes?: Readonly<
    Record<string, ec2.RouteArgs & { opts?: CustomResourceOptions }>
  >;
  readonly functions?: Readonly<Record<string, [name: string, args: object]>>;
}

/** What the stack's state holds of a route. */
interface RouteState {
  readonly id: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, unknown>>;
}

const program = join(__dirname, "aws");
const up = ["up", "--yes", "--skip-preview"];

/** A stack that is nothing but routes of AWS and look-ups. */
export class AwsStack {
  private readonly directory: string;

  private constructor(
    private readonly name: string,
    private readonly engine: Engine,
    private readonly env: Readonly<Record<string, string>>,
    parent: string,
  ) {
    this.directory = join(parent, name);
  }

  /** Makes a stack, with its state below `parent`. */
  static async init(
    name: string,
    engine: Engine,
    env: Readonly<Record<string, string>>,
    parent: string,
  ): Promise<AwsStack> {
    const stack = new AwsStack(name, engine, env, parent);
    mkdirSync(join(stack.directory, "state"), { recursive: true });
    // `stack init` writes a file beside Pulumi.yaml, which shall not be the one in the checkout
    copyFileSync(
      join(program, "Pulumi.yaml"),
      join(stack.directory, "Pulumi.yaml"),
    );
    const { code, stderr } = await stack.pulumi(
      ["stack", "init", name],
      stack.directory,
    );
    assert.equal(code, 0, stderr);
    return stack;
  }

  /** Runs the CLI with this program. */
  run(declared: Program, ...args: string[]): Promise<Result> {
    writeFileSync(this.programFile, JSON.stringify(declared));
    const config = join(this.directory, `Pulumi.${this.name}.yaml`);
    return this.pulumi(
      [...args, "--stack", this.name, "--config-file", config],
      program,
    );
  }

  /** Like {@link run}, and it must succeed. */
  async must(declared: Program, ...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(declared, ...args);
    assert.equal(code, 0, stdout + stderr);
    return stdout;
  }

  up(declared: Program, ...args: string[]): Promise<string> {
    return this.must(declared, ...up, ...args);
  }

  /** Applies a program that must fail; returns all that was said. */
  async upFails(declared: Program): Promise<string> {
    const args = [...up, "--continue-on-error"];
    const { code, stdout, stderr } = await this.run(declared, ...args);
    assert.notEqual(code, 0, stdout + stderr);
    return stdout + stderr;
  }

  refresh(declared: Program, ...args: string[]): Promise<string> {
    return this.must(declared, "refresh", "--yes", "--skip-preview", ...args);
  }

  /** What a preview would do to the routes. */
  async preview(declared: Program): Promise<string[]> {
    const plan = await this.must(declared, "preview", "--json");
    const { steps } = JSON.parse(plan) as {
      steps: { op: string; urn: string }[];
    };
    return steps
      .filter(({ urn }) => urn.includes("::aws:ec2/route:Route::"))
      .map(({ op }) => op);
  }

  /** The routes in the state, by name. */
  get routes(): Readonly<Record<string, RouteState>> {
    return Object.fromEntries(
      this.resources
        .filter(({ type }) => type === "aws:ec2/route:Route")
        .map((resource) => [resource.urn.split("::").at(-1) ?? "", resource]),
    );
  }

  /** What the functions returned. */
  get results(): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
    const stack = this.resources.find(
      ({ type }) => type === "pulumi:pulumi:Stack",
    );
    return (stack?.outputs ?? {}) as Record<string, Record<string, unknown>>;
  }

  private get resources(): (RouteState & { type: string; urn: string })[] {
    const file = `state/.pulumi/stacks/aws-stand-in/${this.name}.json`;
    const state = readFileSync(join(this.directory, file), "utf8");
    return JSON.parse(state).checkpoint.latest.resources ?? [];
  }

  private get programFile(): string {
    return join(this.directory, "program.json");
  }

  private pulumi(args: readonly string[], cwd: string): Promise<Result> {
    const env = {
      ...environment(this.engine, join(this.directory, "state")),
      ...this.env,
      PULUMI_CONFIG_PASSPHRASE: "for the tests",
      AWS_PROGRAM: this.programFile,
    };
    return tryRun(this.engine.pulumi, args, { cwd, env });
  }
}
