import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { strict } from "../core/schema";

/** How SSH reaches and trusts the hosts. */
export interface SshArgs {
  /** Login name. Default: `root`. */
  user?: string;
  /** SSH port of the hosts, 1 to 65535. Default: 22. */
  port?: number;
  /** Run the command on the host through `sudo -n`. Default: true unless `user` is root. */
  sudo?: boolean;
  /** The private key itself, in OpenSSH or PEM format; kept encrypted in the state. Default: `privateKeyFile`, else the SSH agent. */
  privateKey?: pulumi.Input<string>;
  /** A file with the private key, relative to the project or below `~/`. */
  privateKeyFile?: string;
  /** Passphrase of the private key. */
  privateKeyPassphrase?: pulumi.Input<string>;
  /** Socket of the SSH agent. Default: $SSH_AUTH_SOCK. */
  agentSocket?: string;
  /** Where the host keys are known from. Default: `~/.ssh/known_hosts`. */
  knownHostsFile?: string;
  /** Host keys by node name (or `bastion`), as `TYPE BASE64`; before the known_hosts file. */
  hostKeys?: Record<string, string>;
  /** Default: true. false accepts any host key, and warns: whoever answers at the address gets root's commands. */
  hostKeyCheck?: boolean;
  /** Ask every host for its key before the first change. Default: true. false where a preview has no network to the hosts. */
  preflight?: boolean;
  /** Seconds for one attempt to connect, 1 to 600. Default: 5. */
  connectTimeout?: number;
  /** Failed attempts to connect, after which one more is made before giving up on a host, 1 to 100. Default: 3; a refused login counts too, and more would have an intrusion blocker such as fail2ban lock us out. */
  connectAttempts?: number;
  /** A host to jump through. */
  bastion?: BastionArgs;
}

/** A host to jump through; it is logged into with the same key. */
interface BastionArgs {
  /** Address or host name. */
  host: string;
  /** Default: 22. */
  port?: number;
  /** Default: the `user` of the hosts. */
  user?: string;
}

const text = z
  .string()
  .min(1, "expected some text")
  .regex(/^[^\0\r\n]*$/, "expected one line");
const login = z
  .string()
  .regex(
    /^[A-Za-z_][A-Za-z0-9._-]{0,31}$/,
    "expected a login name of letters, digits, _ . and -",
  );
const port = z
  .int("expected a whole number")
  .min(1, "expected 1 to 65535")
  .max(65535, "expected 1 to 65535");
const secretText = z.custom<pulumi.Input<string>>(
  (value) => typeof value === "string" || pulumi.Output.isInstance(value),
  "expected text",
);

export const sshSchema = strict({
  user: login.default("root"),
  port: port.default(22),
  sudo: z.boolean().optional(),
  privateKey: secretText.optional(),
  privateKeyFile: text.optional(),
  privateKeyPassphrase: secretText.optional(),
  agentSocket: text.optional(),
  knownHostsFile: text.default("~/.ssh/known_hosts"),
  hostKeys: z.record(z.string(), text).default({}),
  hostKeyCheck: z.boolean().default(true),
  preflight: z.boolean().default(true),
  connectTimeout: z
    .int("expected a whole number")
    .min(1, "expected 1 to 600")
    .max(600, "expected 1 to 600")
    .default(5),
  connectAttempts: z
    .int("expected a whole number")
    .min(1, "expected 1 to 100")
    .max(100, "expected 1 to 100")
    .default(3),
  bastion: strict({
    host: z
      .string()
      .regex(
        /^[A-Za-z0-9:]([A-Za-z0-9.:-]*[A-Za-z0-9:])?$/,
        "expected an address or a host name",
      ),
    port: port.default(22),
    user: login.optional(),
  }).optional(),
});

/** {@link SshArgs} with the defaults filled in. */
export type Ssh = z.output<typeof sshSchema>;
