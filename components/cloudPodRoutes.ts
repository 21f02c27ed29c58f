import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import { Faults } from "./core/faults";
import type { Route } from "./core/plan";
import { diagram } from "./core/render";
import { asking, runErrorIfAny } from "./inputError";
import { kept, known } from "./kept";
import { type Recorded, recorded } from "./recorded";
import { takenFaults } from "./taken";
import { type CloudTable, handOver } from "./verify/cloudTables";

/** What is to be declared in a cloud, and what is known of it. */
export interface CloudRoutes {
  readonly routeTable: Route[];
  /** The routes to declare; their resources' names are the component's, and then this. */
  readonly routes: readonly { readonly resource: string }[];
  /** The routes as the cloud's own tool lists them. */
  readonly text: string;
  /** The routes that are to be there beside those that are. */
  readonly tables: readonly CloudTable[];
  /** What is worth knowing and does not stop the plan. */
  readonly warnings: readonly string[];
  /** What other stacks may need besides, by the name of the output. */
  readonly ids: Readonly<Record<string, unknown>>;
}

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
  readonly mend: string;
  /** Reads all that the plan depends on. */
  lookUp(faults: Faults, options: pulumi.InvokeOptions): Promise<Found>;
  /**
   * What this component's resource for a route of the state would be called, apart from the component's name; undefined
   * where the route is in another route table, network, subnet or router.
   */
  resourceOf(route: Recorded, found: Found): string | undefined;
  /**
   * @param ours what the state holds of this component's routes, by their names without the component's
   * @param taken the names in place of which the stack has another resource for the same route
   */
  plan(
    found: Found,
    ours: ReadonlyMap<string, Recorded>,
    faults: Faults,
    taken: ReadonlySet<string>,
  ): Planned;
  /**
   * Declares the routes. What it returns is waited for before the component's outputs are known.
   *
   * @param prefix how names of resources begin
   */
  declare(
    planned: Planned,
    prefix: string,
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
  ) {
    super(`pod-network-routes:index:${type}`, name, { ...args }, opts);
    const planned = this.work(name, cloud);
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
  ): Promise<Planned> {
    const faults = new Faults();
    const called = await known(kept(`${name}-name`, name, this), name);
    const prefix = `${called}-`;
    const { ours, others } = await recorded(
      { type: cloud.routeType, prefix, outputs: cloud.routeOutputs },
      this,
      faults,
    );
    const found = await asking(cloud.name, cloud.whoAmI, () =>
      cloud.lookUp(faults, { parent: this }),
    );
    const taken = new Map(
      others.flatMap((route) => {
        const resource = cloud.resourceOf(route, found);
        return resource === undefined
          ? []
          : [[resource, String(route.urn)] as const];
      }),
    );
    const planned = cloud.plan(found, ours, faults, new Set(taken.keys()));
    takenFaults(
      name,
      planned.routes.flatMap(({ resource }) => {
        const urn = ours.has(resource) ? undefined : taken.get(resource);
        return urn === undefined ? [] : [{ resource, urn }];
      }),
      faults,
    );
    handOver({
      component: name,
      cloud: cloud.name,
      tables: planned.tables,
      faults: faults.all,
      warnings: planned.warnings,
      mend: cloud.mend,
    });
    runErrorIfAny(faults, `${cloud.name} cannot have these routes`);
    for (const warning of planned.warnings) {
      await pulumi.log.warn(warning, this);
    }
    await cloud.declare(planned, prefix, this);
    return planned;
  }
}
