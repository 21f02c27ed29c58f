import { aws } from "../components/aws/awsTarget.ts";
import { flannel } from "../components/flannel/flannelTarget.ts";
import { gcp } from "../components/gcp/gcpTarget.ts";
import { hosts } from "../components/hosts/hostTarget.ts";
import { openstack } from "../components/openstack/openStackTarget.ts";
import type { Target } from "../components/stack/target.ts";

/** Where routes can go. The first one is the default. */
export const targets: readonly [Target, ...Target[]] = [
  hosts,
  aws,
  gcp,
  openstack,
  flannel,
];
