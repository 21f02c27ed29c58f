import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import { Faults } from "../core/faults.ts";
import { diagram } from "../inventory/renderedTable.ts";
import { type Elsewhere, elsewhere, takenFaults } from "../stack/elsewhere.ts";
import { alone, type Gate, type LookIsGood } from "../stack/gate.ts";
import { runErrorIfAny, withCloudErrors } from "../stack/inputError.ts";
import { known } from "../stack/known.ts";
import { nameIn, type Recorded, recorded } from "../stack/recorded.ts";
import { reportFindings } from "./cloudFindings.ts";
import type { CloudRoutes } from "./cloudRoutes.ts";

/** How the routes of one cloud are found out and declared. */
export interface Cloud<Found, Planned extends CloudRoutes> {
  readonly name: string;
  /** The command that shows who one is to the cloud. */
  readonly whoAmI: string;
  /** The type of the resource that a route is: `aws:ec2/route:Route`. */
  readonly routeType: string;
  /** What is read of such a resource's outputs in the state. */
  readonly routeOutputs: z.ZodType<Recorded>;
  /** The command that puts back a route of ours that is gone or changed. */
  readonly fix: string;
  /** Reads all that the plan depends on. */
  lookUp(faults: Faults, options: pulumi.InvokeOptions): Promise<Found>;
  /**
   * What this component's resource for a route of the state would be called, apart from the component's name; undefined
   * where the route is in another route table, network, subnet or router.
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
   * Declares the routes. What it returns is waited for before the component's outputs are known.
   *
   * @param nameOf what a resource is called, by its name without the component's
   */
  declare(
    planned: Planned,
    nameOf: (resource: string) => string,
    parent: pulumi.Resource,
  ): Promise<void> | void;
}

/**
 * What the components of all clouds have in common. What they route to has to be there; it is looked
 * up at preview, where everything that is wrong is said before anything is changed.
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
        () => ({}), // whoever reads the outputs above learns of the failure, once
      ),
    );
  }

  /** Looks the cloud up, and declares the routes only once nothing speaks against any of them. */
  private async work(
    name: string,
    cloud: Cloud<Found, Planned>,
    lookIsGood: LookIsGood,
  ): Promise<Planned> {
    const faults = new Faults();
    const prefix = `${name}-`;
    const { ours, others } = await recorded(
      { type: cloud.routeType, prefix, outputs: cloud.routeOutputs },
      this,
      faults,
    );
    const found = await withCloudErrors(cloud.name, cloud.whoAmI, () =>
      cloud.lookUp(faults, { parent: this }),
    );
    const { value: urn = "" } = (await known(this.urn)) ?? {};
    const under = elsewhere(urn, others, (route) =>
      cloud.resourceOf(route, found),
    );
    const planned = cloud.plan(found, ours, faults, under);
    const missing = planned.routes.filter(
      ({ resource }) => !ours.has(resource),
    );
    takenFaults(name, missing, under, faults);
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
      const { urn } =
        (!ours.has(resource) && under.renamed.get(resource)) || {};
      return urn === undefined ? `${prefix}${resource}` : nameIn(String(urn));
    };
    await lookIsGood();
    await cloud.declare(planned, nameOf, this);
    return planned;
  }
}
