// What `import ... from "pod-network-routes"` gives another program. The components of the clouds are
// imported from "pod-network-routes/aws", "/gcp" and "/openstack": each needs the SDK of its cloud.

export type { FlannelOverlayArgs } from "./flannel/flannelArgs.ts";
export { FlannelOverlay } from "./flannel/flannelOverlay.ts";
export type { HostPodRoutesArgs } from "./hosts/hostArgs.ts";
export { HostPodRoutes } from "./hosts/hostPodRoutes.ts";
export type { NodeArgs } from "./inventory/nodes.ts";
export type { Route } from "./inventory/routeTable.ts";
export type { StackInventory } from "./inventory/sources.ts";
export type { SshArgs } from "./ssh/sshArgs.ts";
