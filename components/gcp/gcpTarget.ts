import * as pulumi from "@pulumi/pulumi";
import { readCloudArgs } from "../cloud/cloudArgs.ts";
import type { Gate } from "../stack/gate.ts";
import type { Target } from "../stack/target.ts";
import { type GcpPodRoutesArgs, gcpArgsSchema } from "./gcpArgs.ts";
import type { GcpPodRoutes } from "./gcpPodRoutes.ts";

export const gcp: Target<GcpPodRoutes> = {
  name: "gcp",
  schema: gcpArgsSchema,
  documentation: "GcpPodRoutesArgs",
  outputs: ["network", "project"] satisfies (keyof GcpPodRoutes)[],
  check: (args, faults) => readCloudArgs(gcpArgsSchema, args, faults),
  async declare(args: GcpPodRoutesArgs, gate?: Gate) {
    const { GcpPodRoutes } = await import("./gcpPodRoutes.ts");
    return new GcpPodRoutes("routes", args, {}, gate);
  },
  lookCommand({ network, project }) {
    const name = network.apply((link) => link.replace(/^.*\//, ""));
    return pulumi.interpolate`gcloud compute routes list --project ${project} --filter "network: ${name}"`;
  },
};
