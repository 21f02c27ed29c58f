import * as pulumi from "@pulumi/pulumi";

/** The name of every organization in a backend without organizations. It is also used where a user's own tests name none. */
const noOrganization = "organization";

/** The organization of the stack. The SDK throws where a test with Pulumi's mocks names none. */
export function organization(): string {
  try {
    return pulumi.getOrganization();
  } catch {
    return noOrganization;
  }
}

/** The parts of a name with the organization before them, in a backend that has organizations. */
export function inOrganization(...parts: string[]): string[] {
  const own = organization();
  return own === noOrganization ? parts : [own, ...parts];
}
