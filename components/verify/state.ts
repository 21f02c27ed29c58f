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
  /** It was replaced by another, and what it made is still to be taken away. */
  delete: z.boolean().optional(),
  /** What it made was taken away, and is still to be made anew. */
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

/** A resource as `pulumi stack export` gives it, with its secrets in the clear. */
export type StackResource = z.output<typeof resource>;

/** The state of a stack, as far as it is read here. */
export interface StackState {
  readonly resources: readonly StackResource[];
  /** What a run of Pulumi had begun, and has not said how it ended: `creating`, `updating`, `deleting` and more. */
  readonly pending: readonly { readonly type: string; readonly urn: string }[];
}

/** The mark of a secret in a state, of Pulumi's own. */
const secretMark = "4dabf18193072939515e22adb298388d";

/** Reads what `pulumi stack export --show-secrets` prints. Throws a {@link VerifyError}, which quotes nothing of it, if it is no state. */
export function readState(json: string): StackState {
  const state = parseState(json);
  // with a wrong passphrase Pulumi exports every secret as null, and does not fail
  if (state.resources.some(({ inputs }) => inputs.connection === null)) {
    throw new VerifyError(
      "the secrets in the stack's state cannot be decrypted: set PULUMI_CONFIG_PASSPHRASE, or PULUMI_CONFIG_PASSPHRASE_FILE, to the passphrase of this stack",
    );
  }
  return state;
}

function parseState(json: string): StackState {
  try {
    const { deployment } = exported.parse(JSON.parse(json, uncover));
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
