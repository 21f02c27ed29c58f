import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { integer, strict, wholeMessage } from "../core/schema.ts";

/** How SSH reaches and trusts the hosts. */
export interface SshArgs {
  /** Login name on the hosts. Default: `root`. */
  user?: string;
  /** SSH port of the hosts. Default: `22`. */
  port?: number;
  /** Whether commands on a host are run through `sudo -n`, which must not ask for a password. Default: `true` unless `user` is root. */
  sudo?: boolean;
  /** The private key itself, in OpenSSH or PEM format, as a secret: `pulumi config set --secret --path ssh.privateKey < FILE`. It is kept encrypted in the state. Default: the key in `privateKeyFile`, else those of the SSH agent. */
  privateKey?: pulumi.Input<string>;
  /** A file with the private key, relative to the project or below `~/`. The key is kept encrypted in the state. Default: none, the SSH agent is used. */
  privateKeyFile?: string;
  /** Passphrase of the private key, as a secret: `pulumi config set --secret --path ssh.privateKeyPassphrase`. Default: none. */
  privateKeyPassphrase?: pulumi.Input<string>;
  /** Socket of the SSH agent. Default: `$SSH_AUTH_SOCK`. */
  agentSocket?: string;
  /** The known_hosts file with the hosts' keys, by address, name or alias. Default: `~/.ssh/known_hosts`. */
  knownHostsFile?: string;
  /** Host keys by node name (or `bastion`), as `ssh-ed25519 AAAA...`; they take precedence over the known_hosts file. Default: none. */
  hostKeys?: Record<string, string>;
  /** Whether a host has to show the key that it is known by. `false` accepts any, and warns: whoever answers at the address gets root's commands. Default: `true`. */
  hostKeyCheck?: boolean;
  /** Whether every host is asked for its key before the first change; `false` where a preview has no network to the hosts. With target `hosts`, `pulumi up` asks in any case. Default: `true`. */
  preflight?: boolean;
  /** Seconds for one attempt to connect. Default: `5`. */
  connectTimeout?: number;
  /** How many attempts to connect may fail before the last one is made. A refused login counts too: with a high number, a tool like fail2ban may lock you out. A bastion gets at least 10, because its sshd turns some away when many come at once. Default: `3`. */
  connectAttempts?: number;
  /** A host to jump through; it is logged into with the same key. Default: none. */
  bastion?: BastionArgs;
}

/** A host to jump through; it is logged into with the same key. */
interface BastionArgs {
  /** Its address or host name. */
  host: string;
  /** Its SSH port. Default: `22`. */
  port?: number;
  /** Login name there. Default: the `user` of the hosts. */
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
const port = integer(1, 65535);
/** Text that may be a secret. */
export const secretText = z.custom<pulumi.Input<string>>(
  (value) => typeof value === "string" || pulumi.Output.isInstance(value),
  { error: "is not text, expected a secret", params: wholeMessage },
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
  connectTimeout: integer(1, 600).default(5),
  connectAttempts: integer(1, 100).default(3),
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

/** Whether commands are run through sudo. */
export function becomesRoot({ sudo, user }: Ssh): boolean {
  return sudo ?? user !== "root";
}
