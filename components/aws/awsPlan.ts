import { type CloudRoutes, routesOfWorkers } from "../cloud/cloudRoutes.ts";
import type { Faults } from "../core/faults.ts";
import { type Elsewhere, nowhere } from "../stack/elsewhere.ts";
import type { Recorded } from "../stack/recorded.ts";
import type { AwsArgs } from "./awsArgs.ts";
import type { AwsFindings, AwsRoute } from "./awsLookup.ts";
import {
  type AwsPodRoute,
  type AwsTableRoute,
  planTable,
} from "./awsTableRoutes.ts";
import { awsWorkers } from "./awsWorkers.ts";

export interface AwsPlan extends CloudRoutes {
  readonly routeTable: AwsPodRoute[];
  readonly routes: readonly AwsTableRoute[];
  readonly ids: { readonly routeTableIds: string[]; readonly vpcId: string };
}

/**
 * What is to be declared, given what AWS has. What prevents it goes to `faults`.
 *
 * @param ours what this stack's state holds of its routes, by {@link AwsTableRoute.resource}
 * @param others routes that the state holds under other names
 */
export function planAws(
  args: AwsArgs,
  found: AwsFindings,
  ours: ReadonlyMap<string, Recorded>,
  faults: Faults,
  others: Elsewhere = nowhere,
): AwsPlan {
  const workers = awsWorkers(args, found, faults);
  const routes = routesOfWorkers(args, workers, found.vpcBlocks, faults);
  const table = routes.map(({ route, instance }) => ({
    ...route,
    instanceId: instance.instanceId,
    networkInterfaceId: instance.networkInterfaceId,
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
        destination,
        nextHop: networkInterfaceId,
        node,
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
