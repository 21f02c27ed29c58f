import type * as pulumi from "@pulumi/pulumi";
import type { Faults } from "../core/faults.ts";
import type { ObjectSchema } from "../core/schema.ts";
import type { Route } from "../inventory/routeTable.ts";
import type { Gate } from "./gate.ts";

/** What the components of all targets output. */
export interface PodRoutes {
  readonly routeTable: pulumi.Output<Route[]>;
  readonly routeTableText: pulumi.Output<string>;
  readonly diagram: pulumi.Output<string>;
}

/** What the program has to know of a component to make it a target: a stack's configuration is its arguments. */
export interface Target<C extends PodRoutes = PodRoutes> {
  /** What the configuration calls it. */
  readonly name: string;
  /** The schema of the component's arguments. */
  readonly schema: ObjectSchema<object>;
  /** The interface of the component's arguments, whose docstrings are the reference of the configuration. */
  readonly documentation: string;
  /** The outputs of the component that the stack outputs besides those of {@link PodRoutes}. */
  readonly outputs: readonly string[];
  /** Set for an overlay: a target that routes pod CIDRs cannot be used beside it. */
  readonly isOverlay?: true;
  /** The boolean argument without which the target does not route, and what it does then. */
  readonly routesIf?: { readonly key: string; readonly otherwise: string };
  /** Checks arguments as the component does. Throws one FaultsError with all faults, those that were there before included. */
  check(args: unknown, faults: Faults): void;
  /** Loads the component, with the SDK of its cloud, and declares it. */
  declare(args: object, gate?: Gate): Promise<C>;
  /** The command that shows the real routes. */
  lookCommand(component: C): pulumi.Input<string>;
}
