/** A resource as `pulumi stack export` gives it, with its secrets in the clear. */
export interface StackResource {
  readonly urn: string;
  readonly type: string;
  readonly parent?: string;
  readonly inputs: Record<string, unknown>;
  readonly outputs: Record<string, unknown>;
}

/** The mark of a secret in a state, of Pulumi's own. */
const secretMark = "4dabf18193072939515e22adb298388d";

/** Reads what `pulumi stack export --show-secrets` prints. */
export function readState(json: string): StackResource[] {
  const { deployment } = JSON.parse(json, uncover) as {
    deployment?: { resources?: Partial<StackResource>[] };
  };
  return (deployment?.resources ?? []).map((resource) => ({
    urn: "",
    type: "",
    inputs: {},
    outputs: {},
    ...resource,
  }));
}

/** A secret is its value as JSON, in which there may be secrets again. */
function uncover(_: string, value: unknown): unknown {
  const { [secretMark]: mark, plaintext } = (value ?? {}) as Record<
    string,
    unknown
  >;
  return mark !== undefined && typeof plaintext === "string"
    ? JSON.parse(plaintext, uncover)
    : value;
}
