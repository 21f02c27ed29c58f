import type { Gate } from "../stack/gate.ts";
import type { Target } from "../stack/target.ts";
import {
  type FlannelOverlayArgs,
  flannelOverlayArgsSchema,
} from "./flannelArgs.ts";
import type { FlannelOverlay } from "./flannelOverlay.ts";
import { readFlannelArgs } from "./flannelPlan.ts";

export const flannel: Target<FlannelOverlay> = {
  name: "flannel",
  schema: flannelOverlayArgsSchema,
  documentation: "FlannelOverlayArgs",
  outputs: ["manifestYaml"] satisfies (keyof FlannelOverlay)[],
  isOverlay: true,
  check: readFlannelArgs,
  async declare(args: FlannelOverlayArgs, gate?: Gate) {
    const { FlannelOverlay } = await import("./flannelOverlay.ts");
    return new FlannelOverlay("overlay", args, {}, gate);
  },
  lookCommand: () =>
    "kubectl get pods -A -l app=flannel -o wide   # flannel itself, on each node",
};
