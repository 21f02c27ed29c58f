import * as pulumi from "@pulumi/pulumi";
import type { Route } from "../../components/inventory/routeTable.ts";

const routes = new pulumi.StackReference(new pulumi.Config().require("routes"));
const routeTable = routes.requireOutput("routeTable") as pulumi.Output<Route[]>;

/** All pod CIDRs, for example as the source ranges of a firewall's rule. */
export const podCidrs = routeTable.apply((table) =>
  table.map(({ destination }) => destination),
);

/** By pod CIDR, the node whose pods have it. */
export const nodeOfPodCidr = routeTable.apply((table) =>
  Object.fromEntries(table.map(({ destination, node }) => [destination, node])),
);
