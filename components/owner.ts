import * as pulumi from "@pulumi/pulumi";

/** What a component calls its own. Unique among all stacks that may share a host or a cluster. File backends call every organization "organization". */
export function defaultOwner(name: string): string {
  const organization = pulumi.getOrganization();
  const parts = [pulumi.getProject(), pulumi.getStack(), name];
  const all =
    organization === "organization" ? parts : [organization, ...parts];
  return all.join(".").replace(/[^A-Za-z0-9._-]/g, "_");
}
