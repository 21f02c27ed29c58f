import { z } from "zod";
import { VerifyError } from "./verifyError.ts";

const values = z
  .record(z.string(), z.unknown())
  .nullish()
  .transform((all) => all ?? {});
const resource = z.object({
  urn: z.string().default(""),
  type: z.string().default(""),
  parent: z.string().optional(),
  inputs: values,
  outputs: values,
  /** It was replaced by another resource, and is still to be deleted. */
  delete: z.boolean().optional(),
  /** It was deleted to be replaced, and is still to be created again. */
  pendingReplacement: z.boolean().optional(),
});
const operation = z.object({
  type: z.string(),
  resource: z.object({ urn: z.string().default("") }),
});
const exported = z.object({
  deployment: z
    .object({
      resources: z.array(resource).nullish(),
      pending_operations: z.array(operation).nullish(),
    })
    .nullish(),
});

/** A resource of `pulumi stack export`, with decrypted secrets. */
export type StackResource = z.output<typeof resource>;

/** The parts of a stack's state that verify reads. */
export interface StackState {
  readonly resources: readonly StackResource[];
  /** Operations without a recorded end: `creating`, `updating`, `deleting` and more. */
  readonly pending: readonly { readonly type: string; readonly urn: string }[];
}

/** The key by which Pulumi marks a secret in a state. */
const secretMark = "4dabf18193072939515e22adb298388d";

/** Reads the output of `pulumi stack export --show-secrets`. Throws a {@link VerifyError}, which quotes nothing of it, if it is not a state. */
export function readState(json: string): StackState {
  const state = parseState(json);
  // with a wrong passphrase Pulumi does not fail, and exports every secret as null
  if (state.resources.some(({ inputs }) => inputs.connection === null)) {
    throw new VerifyError(
      "the secrets in the stack's state cannot be decrypted: set PULUMI_CONFIG_PASSPHRASE, or PULUMI_CONFIG_PASSPHRASE_FILE, to the passphrase of this stack",
    );
  }
  return state;
}

function parseState(json: string): StackState {
  try {
    const { deployment } = exported.parse(JSON.parse(json, revealSecret));
    return {
      resources: deployment?.resources ?? [],
      pending: (deployment?.pending_operations ?? []).map(
        ({ type, resource }) => ({ type, urn: resource.urn }),
      ),
    };
  } catch {
    throw new VerifyError(
      "pulumi stack export printed something that is not the state of a stack",
    );
  }
}

/** Replaces a secret by its value, which Pulumi writes as JSON and which may contain secrets again. */
function revealSecret(_: string, value: unknown): unknown {
  const { [secretMark]: mark, plaintext } = (value ?? {}) as Record<
    string,
    unknown
  >;
  return mark !== undefined && typeof plaintext === "string"
    ? JSON.parse(plaintext, revealSecret)
    : value;
}
