import {
  type CloudWords,
  type InstanceNode,
  workersOf,
} from "../cloud/instances.ts";
import type { Faults } from "../core/faults.ts";
import { shellWord } from "../core/shellWord.ts";
import type { AwsArgs } from "./awsArgs.ts";
import type { AwsFindings, AwsInstance } from "./awsLookup.ts";

/** The workers, each with its instance. What prevents a route to one goes to `faults`. */
export function awsWorkers(
  args: AwsArgs,
  found: AwsFindings,
  faults: Faults,
): InstanceNode<AwsInstance>[] {
  const { nameTag = "", podCidrTag = "" } = args.instances ?? {};
  const vpcId = found.tables[0]?.vpcId;
  const words: CloudWords<AwsInstance> = {
    noun: "instance",
    podCidrs: `tag ${podCidrTag}`,
    where: `in region ${found.region} with a tag ${nameTag}`,
    network: vpcId && `in ${vpcId}`,
    start: ({ id }) => `aws ec2 start-instances --instance-ids ${id}`,
    label: ({ id }) =>
      `aws ec2 create-tags --resources ${id} --tags ${tagWord(podCidrTag)}`,
  };
  const workers = workersOf(args, found.instances, words, faults);
  for (const { node, instance } of workers) {
    const { networkInterfaceId: id } = instance;
    if (vpcId !== undefined && !found.inVpc.has(id)) {
      faults.add(
        node.path,
        `its network interface ${id} is not in ${vpcId}, the VPC of the route table`,
      );
    }
    if (found.checked.has(id)) {
      faults.add(
        node.path,
        `its network interface ${id} drops packets for pods, for its source/destination check is on; switch it off: aws ec2 modify-network-interface-attribute --network-interface-id ${id} --no-source-dest-check`,
      );
    }
  }
  return workers;
}

/** A tag for the AWS CLI, as one word of a shell. The short form cannot express every character. */
function tagWord(key: string): string {
  return /^[\w.:/@+-]+$/.test(key)
    ? `Key=${key},Value=CIDR`
    : shellWord(JSON.stringify([{ Key: key, Value: "CIDR" }]));
}
