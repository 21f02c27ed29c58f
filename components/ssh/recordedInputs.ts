import { z } from "zod";
import type { Login } from "./endpoints.ts";

/** The type of the resources that run scripts on hosts. */
export const commandType = "command:remote:Command";

const endpointSchema = z.object({
  host: z.string().regex(/^[A-Za-z0-9:][A-Za-z0-9.:-]{0,254}$/),
  port: z.int().min(0).max(65535).default(22),
  user: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9._-]{0,31}$/)
    .default("root"),
  hostKey: z
    .string()
    .regex(/^[ -~]*$/)
    .optional(),
  privateKey: z.string().optional(),
  privateKeyPassword: z.string().optional(),
  agentSocketPath: z.string().optional(),
});

/** The inputs of a command of ours, as the state has them. */
export const recordedInputs = z.object({
  connection: endpointSchema.extend({ proxy: endpointSchema.optional() }),
  create: z.string(),
  stdin: z.string(),
});

/** One end of a recorded connection, and how to log in there. */
export function recordedLogin(
  recorded: z.output<typeof endpointSchema>,
): Login {
  return {
    host: recorded.host,
    port: recorded.port,
    user: recorded.user,
    hostKey: recorded.hostKey,
    privateKey: recorded.privateKey,
    passphrase: recorded.privateKeyPassword,
    agentSocket: recorded.agentSocketPath,
  };
}
