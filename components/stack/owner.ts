import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { inOrganization } from "./organization.ts";

/** The most characters of an owner that hostPodRoutes.sh takes. */
const longest = 200;

/** The owner of a component's routes or objects. Unique among all stacks that may share a host or a cluster. File backends call every organization "organization". */
export function defaultOwner(name: string): string {
  const owner = inOrganization(pulumi.getProject(), pulumi.getStack(), name)
    .join(".")
    .replace(/[^A-Za-z0-9._-]/g, "_")
    .replace(/^[.-]/, "_");
  return owner.length > longest ? shortened(owner) : owner;
}

/** Cuts a long owner, with a hash of it at the end, so that two with the same beginning stay different. */
function shortened(owner: string): string {
  const hash = createHash("sha256").update(owner).digest("hex").slice(0, 12);
  return `${owner.slice(0, longest - hash.length - 1)}-${hash}`;
}
