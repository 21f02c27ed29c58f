import type { Gate } from "../stack/gate.ts";
import type { Target } from "../stack/target.ts";
import {
  type HostPodRoutesArgs,
  hostArgsSchema,
  readHostArgs,
} from "./hostArgs.ts";
import type { HostPodRoutes } from "./hostPodRoutes.ts";

export const hosts: Target<HostPodRoutes> = {
  name: "hosts",
  schema: hostArgsSchema,
  documentation: "HostPodRoutesArgs",
  outputs: ["persistence"] satisfies (keyof HostPodRoutes)[],
  routesIf: {
    key: "hostRoutes",
    otherwise: "the hosts only forward and name the nodes in /etc/hosts",
  },
  check: readHostArgs,
  async declare(args: HostPodRoutesArgs, gate?: Gate) {
    const { HostPodRoutes } = await import("./hostPodRoutes.ts");
    return new HostPodRoutes("routes", args, {}, gate);
  },
  lookCommand: () =>
    "ip route show proto 173   # on a host: all routes but those to itself",
};
