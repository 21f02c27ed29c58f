// What `import ... from "pod-network-routes"` gives another program. The components of the clouds are
// imported from "pod-network-routes/aws", "/gcp" and "/openstack": each needs the SDK of its cloud.
export type { NodeArgs } from "./core/inventory.ts";
export type { Route } from "./core/plan.ts";
export type { FlannelOverlayArgs } from "./flannel/args.ts";
export { FlannelOverlay } from "./flannelOverlay.ts";
export type { HostPodRoutesArgs } from "./hostArgs.ts";
export { HostPodRoutes } from "./hostPodRoutes.ts";
export type { StackInventory } from "./inventory.ts";
export type { SshArgs } from "./ssh/args.ts";
