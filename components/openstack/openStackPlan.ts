import { type CloudRoutes, routesOfWorkers } from "../cloud/cloudRoutes.ts";
import {
  type CloudWords,
  type InstanceNode,
  workersOf,
} from "../cloud/instances.ts";
import { covers, parseCidrs } from "../core/cidr.ts";
import { type Faults, show } from "../core/faults.ts";
import { nameOf, type Route } from "../inventory/routeTable.ts";
import { type Elsewhere, nowhere, withRenamed } from "../stack/elsewhere.ts";
import type { Recorded } from "../stack/recorded.ts";
import type { NeutronRoute } from "./openStackAnswers.ts";
import type { NetworkApi } from "./openStackApi.ts";
import type { OpenStackArgs } from "./openStackArgs.ts";
import type { Holder, OpenStackFindings, Port } from "./openStackLookup.ts";
import {
  checkRouteQuota,
  deletedByOthers,
  foreignFault,
  listing,
  routeId,
} from "./routeHolder.ts";

/** A route to a worker, and its id in the provider. */
interface OpenStackPodRoute extends Route {
  readonly id: string;
}

export interface OpenStackPlan extends CloudRoutes {
  readonly routeTable: OpenStackPodRoute[];
  readonly routes: readonly {
    /** Name of the resource, without the component's: from the destination. */
    readonly resource: string;
    readonly destinationCidr: string;
    readonly nextHop: string;
    /** Set where the route exists already and is to be taken over. */
    readonly importId: string | undefined;
  }[];
  /** What has the routes, and the API that changes it; undefined where there is a fault. */
  readonly holder: Holder | undefined;
  readonly api: NetworkApi | undefined;
  /** Routes of ours that somebody else deleted, which the provider does not notice. */
  readonly lost: readonly NeutronRoute[];
  readonly ids: {
    readonly subnetId: string;
    readonly networkId: string;
    /** The router, in mode router. */
    readonly routerId: string | undefined;
  };
}

/**
 * What is to be declared, given what OpenStack has. What prevents it goes to `faults`.
 *
 * @param named what this stack's state holds of its routes, by their destinations as names
 * @param others routes that the state holds under other names
 */
export function planOpenStack(
  args: OpenStackArgs,
  found: OpenStackFindings,
  named: ReadonlyMap<string, Recorded>,
  faults: Faults,
  others: Elsewhere = nowhere,
): OpenStackPlan {
  const { holder, subnet } = found;
  const workers = openStackWorkers(args, found, faults);
  const nodeSubnets = subnet === undefined ? [] : [subnet.cidr];
  const table = routesOfWorkers(args, workers, nodeSubnets, faults).map(
    ({ route }) => route,
  );
  for (const worker of workers) {
    checkPort(worker, found, faults);
  }
  if (holder === undefined) {
    return emptyPlan;
  }
  const resources = table.map(({ destination }) => nameOf(destination));
  const ours = withRenamed(named, others, resources);
  if (holder.kind === "router" && !found.attached && subnet !== undefined) {
    faults.add(
      "router",
      `${holder.name} has no interface in subnet ${subnet.name}, so it knows no way to the nodes: openstack router add subnet ${holder.id} ${subnet.id}`,
    );
  }
  const routes = table.map(({ destination, nextHop, node }) => {
    const resource = nameOf(destination);
    const wanted = { destination, nexthop: nextHop };
    const mine = ours.get(resource);
    const foreign = holder.routes.filter(
      (route) =>
        route.destination === destination &&
        !isOurs(holder, route, mine) &&
        (mine !== undefined || !others.taken.has(resource)),
    );
    const adopted =
      mine === undefined && args.adoptExisting && foreign.length === 1
        ? foreign.find((route) => route.nexthop === nextHop)
        : undefined;
    if (adopted === undefined) {
      for (const route of foreign) {
        foreignFault(holder, route, wanted, node, faults);
      }
    }
    return {
      resource,
      destinationCidr: destination,
      nextHop,
      importId: adopted && routeId(holder, adopted),
    };
  });
  checkRouteQuota(holder, table, args, faults);
  const lost = deletedByOthers(holder, table, ours, faults);
  const mine = [...ours.values()];
  const foreign = holder.routes.filter(
    (route) =>
      !mine.some((one) => isOurs(holder, route, one)) &&
      table.every((one) => one.destination !== route.destination),
  );
  const isNew = table.some((route) => !ours.has(nameOf(route.destination)));
  return {
    routeTable: table.map((route) => ({
      ...route,
      id: routeId(holder, { ...route, nexthop: route.nextHop }),
    })),
    routes,
    tables: [
      {
        holder: `${holder.kind} ${holder.name}`,
        wanted: table,
        real: holder.routes.map(({ destination, nexthop }) => ({
          destination,
          nextHop: nexthop,
          text: `${destination} by ${nexthop}`,
        })),
      },
    ],
    lost,
    holder,
    api: found.api,
    text: listing(holder, [
      ...table.map((r) => ({ ...r, nexthop: r.nextHop })),
      ...foreign,
    ]),
    warnings: [
      ...lost.map(
        ({ destination, nexthop }) =>
          `${holder.kind} ${holder.name}: the route to ${destination} via ${nexthop} was deleted by somebody else; pulumi up puts it back`,
      ),
      ...(holder.kind === "subnet" && isNew ? [dhcpWarning] : []),
    ],
    ids: {
      subnetId: subnet?.id ?? "",
      networkId: subnet?.network_id ?? "",
      routerId: holder.kind === "router" ? holder.id : undefined,
    },
  };
}

const emptyPlan: OpenStackPlan = {
  routeTable: [],
  routes: [],
  tables: [],
  lost: [],
  holder: undefined,
  api: undefined,
  text: "",
  warnings: [],
  ids: { subnetId: "", networkId: "", routerId: undefined },
};

const dhcpWarning =
  "hosts learn the routes of a subnet by DHCP, when they renew their lease; every host learns all of them, the one to its own pod CIDR included. Where that takes a host's own pods off, use mode router, or target hosts";

function isOurs(
  holder: Holder,
  route: NeutronRoute,
  mine: Recorded | undefined,
): boolean {
  return (
    [mine?.subnetId, mine?.routerId].includes(holder.id) &&
    mine?.destinationCidr === route.destination &&
    mine.nextHop === route.nexthop
  );
}

/** The name that the resource for a route of the state would have, without the component's name. */
export function resourceOf(
  { destinationCidr, subnetId, routerId }: Recorded,
  { holder }: Pick<OpenStackFindings, "holder">,
): string | undefined {
  return holder !== undefined && [subnetId, routerId].includes(holder.id)
    ? nameOf(String(destinationCidr))
    : undefined;
}

function openStackWorkers(
  args: OpenStackArgs,
  { ports, subnet }: OpenStackFindings,
  faults: Faults,
): InstanceNode<Port>[] {
  if (subnet === undefined) {
    return [];
  }
  const words: CloudWords<Port> = {
    noun: "port",
    podCidrs: "block among its allowed addresses",
    where: `in subnet ${subnet.name}`,
    network: `in subnet ${subnet.name}`,
    start: ({ id }) => `openstack port set --enable ${id}`,
    label: ({ id }) =>
      `openstack port set --allowed-address ip-address=CIDR ${id}`,
  };
  return workersOf(args, ports, words, faults);
}

/** Checks that the port of a node forwards the packets of its pods. */
function checkPort(
  { node, instance }: InstanceNode<Port>,
  { subnet }: OpenStackFindings,
  faults: Faults,
): void {
  const { id, secured } = instance;
  const allowed = parseCidrs(instance.allowed);
  for (const cidr of node.podCidrs) {
    if (subnet !== undefined && cidr.family !== subnet.ip_version) {
      faults.add(
        node.path,
        `pod CIDR ${show(cidr.text)} of ${node.name} is IPv${cidr.family} and subnet ${subnet.name} is IPv${subnet.ip_version}; a stack is for one subnet`,
      );
    } else if (secured && !allowed.some((block) => covers(block, cidr))) {
      faults.add(
        node.path,
        `port ${id} of ${node.name} drops packets from its pods ${cidr.text}, for they are not among its allowed addresses: openstack port set --allowed-address ip-address=${cidr.text} ${id}`,
      );
    }
  }
}
