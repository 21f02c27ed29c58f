import { shellWord } from "../core/shellWord";
import type { Endpoint } from "../ssh/hosts";
import type { HostState } from "./hostState";

/** A stack, as the user named it. */
export interface StackName {
  readonly stack: string;
  readonly configFile: string | undefined;
}

/** The command that updates a stack. */
export function updateCommand({ stack, configFile }: StackName): string {
  return [
    `pulumi up --stack ${shellWord(stack)}`,
    ...(configFile === undefined
      ? []
      : [`--config-file ${shellWord(configFile)}`]),
  ].join(" ");
}

/** The commands that have Pulumi set a host up as if it were new. */
export function anewCommand(urn: string, stack: StackName): string {
  return `pulumi state delete --stack ${shellWord(stack.stack)} ${shellWord(urn)} && ${updateCommand(stack)}`;
}

/**
 * The command that runs commands as root on a host, each only if the one before it succeeds. They are quoted for the
 * shell that runs ssh; each has to be made of words that the host's shell leaves as they are.
 */
export function onHost(
  { login, bastion, sudo }: Pick<HostState, "login" | "bastion" | "sudo">,
  ...commands: readonly string[]
): string {
  const onIt = commands.map((one) => (sudo ? `sudo ${one}` : one)).join(" && ");
  return [
    "ssh",
    ...(bastion === undefined ? [] : ["-J", shellWord(jump(bastion))]),
    ...(login.port === 22 ? [] : ["-p", String(login.port)]),
    ...["--", shellWord(`${login.user}@${login.host}`), shellWord(onIt)],
  ].join(" ");
}

/** A bastion as `ssh -J` takes it. */
function jump({ user, host, port }: Endpoint): string {
  const name = host.includes(":") ? `[${host}]` : host;
  return `${user}@${name}${port === 22 ? "" : `:${port}`}`;
}
