import * as pulumi from "@pulumi/pulumi";

/** What backends without organizations call every organization. It also stands for the one that a user's own tests do not name. */
export const noOrganization = "organization";

/** The organization of the stack. The SDK throws where a test with Pulumi's mocks names none. */
export function organization(): string {
  try {
    return pulumi.getOrganization();
  } catch {
    return noOrganization;
  }
}
