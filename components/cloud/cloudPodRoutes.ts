import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import { Faults } from "../core/faults.ts";
import { diagram } from "../inventory/renderedTable.ts";
import { type Elsewhere, elsewhere, takenFaults } from "../stack/elsewhere.ts";
import { alone, type Gate, type LookIsGood } from "../stack/gate.ts";
import { runErrorIfAny, withCloudErrors } from "../stack/inputError.ts";
import { known } from "../stack/known.ts";
import { type Recorded, recorded } from "../stack/recorded.ts";
import { nameIn } from "../stack/urn.ts";
import { reportFindings } from "./cloudFindings.ts";
import type { CloudRoutes } from "./cloudRoutes.ts";

/** How the component of one cloud looks up, plans and declares its routes. */
export interface Cloud<Found, Planned extends CloudRoutes> {
  readonly name: string;
  /** The command that shows which credentials are in use. */
  readonly whoAmI: string;
  /** The type of the resource of a route: `aws:ec2/route:Route`. */
  readonly routeType: string;
  /** The form of that resource's outputs in the state. */
  readonly routeOutputs: z.ZodType<Recorded>;
  /** The command that restores a route of ours that was deleted or changed. */
  readonly fix: string;
  /** Reads everything that the plan depends on. */
  lookUp(faults: Faults, options: pulumi.InvokeOptions): Promise<Found>;
  /**
   * The name that this component's resource for a route of the state would have, without the component's name;
   * undefined where the route is in another route table, network, subnet or router.
   */
  resourceOf(route: Recorded, found: Found): string | undefined;
  /**
   * @param ours what the state holds of this component's routes, by their names without the component's
   * @param others what it holds under other names
   */
  plan(
    found: Found,
    ours: ReadonlyMap<string, Recorded>,
    faults: Faults,
    others: Elsewhere,
  ): Planned;
  /**
   * Declares the routes. The component's outputs wait for the promise that it returns.
   *
   * @param nameOf the full name of a resource, by its name without the component's
   */
  declare(
    planned: Planned,
    nameOf: (resource: string) => string,
    parent: pulumi.Resource,
  ): Promise<void> | void;
}

/**
 * What the components of all clouds have in common. The instances that they route to must exist already: a preview
 * looks them up and reports every fault before anything is changed.
 */
export abstract class CloudPodRoutes<
  Found,
  Planned extends CloudRoutes,
> extends pulumi.ComponentResource {
  /** One route a pod CIDR, sorted numerically by destination. */
  readonly routeTable: pulumi.Output<Planned["routeTable"]>;
  /** The routes as the cloud's own tool lists them. */
  readonly routeTableText: pulumi.Output<string>;
  /** The route table as a Mermaid flow chart. */
  readonly diagram: pulumi.Output<string>;
  protected readonly ids: pulumi.Output<Planned["ids"]>;

  protected constructor(
    type: string,
    name: string,
    args: object,
    cloud: Cloud<Found, Planned>,
    opts?: pulumi.ComponentResourceOptions,
    gate: Pick<Gate, "pass"> = alone,
  ) {
    super(`pod-network-routes:index:${type}`, name, { ...args }, opts);
    const planned = gate.pass((lookIsGood) =>
      this.work(name, cloud, lookIsGood),
    );
    const output = <T>(of: (plan: Planned) => T) =>
      pulumi.output(planned.then(of)) as unknown as pulumi.Output<T>;
    this.routeTable = output<Planned["routeTable"]>((plan) => plan.routeTable);
    this.routeTableText = output((plan) => plan.text);
    this.diagram = output((plan) => diagram(plan.routeTable));
    this.ids = output<Planned["ids"]>((plan) => plan.ids);
    this.registerOutputs(
      planned.then(
        ({ routeTable, ids }) => ({ routeTable, ...ids }),
        () => ({}), // the outputs above report the failure already
      ),
    );
  }

  /** Looks up the cloud, and declares the routes if there is no fault. */
  private async work(
    name: string,
    cloud: Cloud<Found, Planned>,
    lookIsGood: LookIsGood,
  ): Promise<Planned> {
    const faults = new Faults();
    const prefix = `${name}-`;
    const state = await recorded(
      { type: cloud.routeType, prefix, outputs: cloud.routeOutputs },
      this,
      faults,
    );
    const found = await withCloudErrors(cloud.name, cloud.whoAmI, () =>
      cloud.lookUp(faults, { parent: this }),
    );
    const { ours } = state;
    const { value: urn = "" } = (await known(this.urn)) ?? {};
    const others = elsewhere(urn, state.others, (route) =>
      cloud.resourceOf(route, found),
    );
    const planned = cloud.plan(found, ours, faults, others);
    const missing = planned.routes.filter(
      ({ resource }) => !ours.has(resource),
    );
    takenFaults(name, missing, others, faults);
    reportFindings({
      component: name,
      cloud: cloud.name,
      tables: planned.tables,
      faults: faults.all,
      warnings: planned.warnings,
      fix: cloud.fix,
    });
    runErrorIfAny(faults, `${cloud.name} cannot have these routes`);
    for (const warning of planned.warnings) {
      await pulumi.log.warn(warning, this);
    }
    const nameOf = (resource: string) => {
      const there = ours.get(resource) ?? others.renamed.get(resource);
      return there === undefined
        ? `${prefix}${resource}`
        : nameIn(String(there.urn));
    };
    await lookIsGood();
    await cloud.declare(planned, nameOf, this);
    return planned;
  }
}
