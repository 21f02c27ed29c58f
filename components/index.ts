// What `import ... from "pod-network-routes"` gives another program. The components of the clouds are
// imported from "pod-network-routes/aws", "/gcp" and "/openstack": each needs the SDK of its cloud.
export type { NodeArgs } from "./core/inventory";
export type { Route } from "./core/plan";
export type { FlannelOverlayArgs } from "./flannel/args";
export { FlannelOverlay } from "./flannelOverlay";
export type { HostPodRoutesArgs } from "./hostArgs";
export { HostPodRoutes } from "./hostPodRoutes";
export type { StackInventory } from "./inventory";
export type { SshArgs } from "./ssh/args";
