import { join } from "node:path";
import type { identity, networking } from "@pulumi/openstack";
import type { CustomResourceOptions } from "@pulumi/pulumi";
import {
  failed,
  ProgramStack,
  type ResourceState,
  succeeded,
} from "../programStack.ts";

type Options =
  | Pick<CustomResourceOptions, "import" | "deleteBeforeReplace">
  | undefined;

/** A route: its class, what it is given, and how Pulumi shall treat it. */
export type Declared =
  | ["SubnetRoute", networking.SubnetRouteArgs, Options?]
  | ["RouterRoute", networking.RouterRouteArgs, Options?];

/** What a stack declares and looks up. */
export interface Program {
  readonly routes?: Readonly<Record<string, Declared>>;
  readonly authScope?: identity.GetAuthScopeArgs;
}

/** A stack that is nothing but routes of OpenStack. */
export class OpenStackStack extends ProgramStack {
  protected readonly program = join(import.meta.dirname, "program");

  /** Runs a command that changes things, without a preview before; it must succeed. */
  async must(
    declared: Program,
    command: "up" | "refresh" | "destroy",
    ...args: string[]
  ): Promise<string> {
    return succeeded(
      await this.run(declared, command, "--yes", "--skip-preview", ...args),
    );
  }

  /** The same, and it must fail; returns all that it said. */
  async fails(
    declared: Program,
    command: "up" | "refresh" | "destroy",
    ...args: string[]
  ): Promise<string> {
    return failed(
      await this.run(declared, command, "--yes", "--skip-preview", ...args),
    );
  }

  /** The routes in the state, by name. */
  get routes(): Readonly<Record<string, ResourceState>> {
    return this.ofType("openstack:networking/");
  }

  /** The stack's output `scope`. */
  get scope(): Partial<identity.GetAuthScopeResult> {
    return this.outputs.scope ?? {};
  }
}
