import { readConfig, userErrors } from "./components/config";
import { HostPodRoutes } from "./components/hostPodRoutes";

/** The route table of the cluster, and what its hosts said. See README.md for what each output is. */
export const { routeTable, routeTableText, diagram, persistence } = userErrors(
  () => new HostPodRoutes("routes", readConfig()),
);
