import { join } from "node:path";
import type { ec2 } from "@pulumi/aws";
import type { CustomResourceOptions } from "@pulumi/pulumi";
import {
  failed,
  ProgramStack,
  type ResourceState,
  succeeded,
} from "../programStack.ts";

/** What a stack declares and looks up. */
export interface Program {
  readonly routes?: Readonly<
    Record<string, ec2.RouteArgs & { opts?: CustomResourceOptions }>
  >;
  readonly functions?: Readonly<Record<string, [name: string, args: object]>>;
}

const up = ["up", "--yes", "--skip-preview"];

/** A stack that is nothing but routes of AWS and look-ups. */
export class AwsStack extends ProgramStack {
  protected readonly program = join(import.meta.dirname, "aws");

  /** Like {@link run}, and it must succeed. */
  async must(declared: Program, ...args: string[]): Promise<string> {
    return succeeded(await this.run(declared, ...args));
  }

  up(declared: Program, ...args: string[]): Promise<string> {
    return this.must(declared, ...up, ...args);
  }

  /** Applies a program that must fail; returns all that was said. */
  async upFails(declared: Program): Promise<string> {
    return failed(await this.run(declared, ...up, "--continue-on-error"));
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
  get routes(): Readonly<Record<string, ResourceState>> {
    return this.ofType("aws:ec2/route:Route");
  }

  /** What the functions returned. */
  get results(): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
    return this.outputs as Record<string, Record<string, unknown>>;
  }
}
