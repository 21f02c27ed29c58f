import * as pulumi from "@pulumi/pulumi";

/** What backends without organizations call every organization; so do we in a user's own tests, where the SDK knows none. */
export const noOrganization = "organization";

/** The organization of the stack. The SDK throws where a test with Pulumi's mocks names none. */
export function organization(): string {
  try {
    return pulumi.getOrganization();
  } catch {
    return noOrganization;
  }
}
