import {
  type CloudWords,
  type InstanceNode,
  workersOf,
} from "../cloud/instances.ts";
import type { Faults } from "../core/faults.ts";
import type { GcpArgs } from "./gcpArgs.ts";
import type { GcpFindings, GcpInstance } from "./gcpLookup.ts";

/** The workers, each with its instance. What prevents a route to one goes to `faults`. */
export function gcpWorkers(
  args: GcpArgs,
  found: GcpFindings,
  faults: Faults,
): InstanceNode<GcpInstance>[] {
  const { zones, podCidrKey = "" } = args.instances ?? {};
  const where = zones === undefined ? "" : ` in ${zones.join(", ")}`;
  const words: CloudWords<GcpInstance> = {
    noun: "instance",
    podCidrs: `metadata ${podCidrKey}`,
    where: `of project ${found.instanceProject}${where}`,
    network: found.network && `in network ${args.network}`,
    start: ({ name, zone }) =>
      `gcloud compute instances start ${name} --zone ${zone}`,
    label: ({ name, zone }) =>
      `gcloud compute instances add-metadata ${name} --zone ${zone} --metadata ${podCidrKey}=CIDR`,
  };
  const candidates = found.instances.filter((i) =>
    args.instances === undefined
      ? i.inNetwork
      : (zones?.includes(i.zone) ?? true),
  );
  const workers = workersOf(args, candidates, words, faults);
  for (const { node, instance } of workers) {
    const { name, zone } = instance;
    if (found.network !== undefined && !instance.inNetwork) {
      faults.add(
        node.path,
        `has no interface in network ${args.network}, where its route would be`,
      );
    }
    if (!instance.canIpForward) {
      const file = `${name}.yaml`;
      faults.add(
        node.path,
        `drops packets for pods, for it may not forward (canIpForward is false); allow it: gcloud compute instances export ${name} --zone ${zone} --destination ${file} && sed -i -e '1i canIpForward: true' -e '/^canIpForward:/d' ${file} && gcloud compute instances update-from-file ${name} --zone ${zone} --source ${file} --most-disruptive-allowed-action RESTART`,
      );
    }
  }
  return workers;
}
