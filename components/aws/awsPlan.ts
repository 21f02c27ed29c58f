import type { CloudRoutes } from "../cloud/cloudPodRoutes.ts";
import { parseCidrs } from "../core/cidr.ts";
import type { Faults } from "../core/faults.ts";
import { type Route, routeTable } from "../inventory/routeTable.ts";
import { validate } from "../inventory/validate.ts";
import { type Elsewhere, nowhere } from "../stack/elsewhere.ts";
import type { Recorded } from "../stack/recorded.ts";
import type { AwsArgs } from "./awsArgs.ts";
import type { AwsFindings, AwsRoute } from "./awsLookup.ts";
import { planTable } from "./awsTableRoutes.ts";
import { awsWorkers } from "./awsWorkers.ts";

/** A route to a worker, and what in AWS it goes through. */
export interface AwsPodRoute extends Route {
  readonly instanceId: string;
  readonly networkInterfaceId: string;
}

/** One route in one route table, as it is to be declared. */
interface AwsTableRoute {
  /** Name of the resource, apart from the component's: of the route table and the destination. */
  readonly resource: string;
  readonly routeTableId: string;
  readonly destination: string;
  readonly networkInterfaceId: string;
  /** Set where the route is there already and is to be taken over. */
  readonly importId: string | undefined;
}

export interface AwsPlan extends CloudRoutes {
  readonly routeTable: AwsPodRoute[];
  readonly routes: readonly AwsTableRoute[];
  readonly ids: { readonly routeTableIds: string[]; readonly vpcId: string };
}

/**
 * What has to be declared, given what AWS holds; what cannot be goes to `faults`.
 *
 * @param ours what this stack's state holds of its routes, by {@link AwsTableRoute.resource}
 * @param others what it holds under other names
 */
export function planAws(
  args: AwsArgs,
  found: AwsFindings,
  ours: ReadonlyMap<string, Recorded>,
  faults: Faults,
  others: Elsewhere = nowhere,
): AwsPlan {
  const workers = awsWorkers(args, found, faults);
  const cluster =
    args.source === "instances" ? workers.map((w) => w.node) : args.cluster;
  const nodeSubnets = parseCidrs(found.vpcBlocks);
  const { serviceCidrs } = args;
  validate(cluster, { nodeSubnets, serviceCidrs }, args.source, faults);
  const byNode = new Map(workers.map((w) => [w.node.name, w.instance]));
  const table = routeTable(workers.map((w) => w.node)).map((route) => ({
    ...route,
    instanceId: byNode.get(route.node)?.instanceId ?? "",
    networkInterfaceId: byNode.get(route.node)?.networkInterfaceId ?? "",
  }));
  const leadsTo = (route: AwsRoute) =>
    route.networkInterfaceId || route.instanceId || route.gatewayId;
  const plans = found.tables.map((one) =>
    planTable(one, table, args, found, { ours, others }, faults),
  );
  return {
    routeTable: table,
    tables: found.tables.map(({ id, routes }) => ({
      holder: id,
      wanted: table.map(({ destination, node, networkInterfaceId }) => ({
        ...{ destination, node, nextHop: networkInterfaceId },
      })),
      real: routes.map((route) => ({
        destination: route.destination,
        nextHop: leadsTo(route),
        text: `${route.destination} through ${leadsTo(route)}`,
      })),
    })),
    routes: plans.flatMap((plan) => plan.routes),
    text: plans.map(({ text }) => text).join("\n\n"),
    ids: {
      routeTableIds: found.tables.map(({ id }) => id),
      vpcId: found.tables[0]?.vpcId ?? "",
    },
    warnings: plans.flatMap((plan) => plan.warnings),
  };
}
