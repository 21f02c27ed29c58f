import { shellWord } from "../core/shellWord.ts";
import type { HostState } from "../hosts/hostState.ts";
import type { Endpoint } from "../ssh/endpoints.ts";
import { type StackName, usualPrograms } from "../stack/pulumiCommands.ts";

/**
 * The command that runs commands as root on a host, each only if the one before it succeeds. They are quoted for the
 * shell that runs ssh; each has to be made of words that the host's shell leaves as they are.
 */
export function onHost(
  { login, bastion, sudo }: Pick<HostState, "login" | "bastion" | "sudo">,
  { programs = usualPrograms }: Pick<StackName, "programs">,
  ...commands: readonly string[]
): string {
  const asRoot = commands.map((one) => (sudo ? `sudo ${one}` : one));
  return [
    programs.ssh,
    ...(bastion === undefined ? [] : ["-J", shellWord(jump(bastion))]),
    ...(login.port === 22 ? [] : ["-p", String(login.port)]),
    "--",
    shellWord(`${login.user}@${login.host}`),
    shellWord(asRoot.join(" && ")),
  ].join(" ");
}

/** A bastion as `ssh -J` takes it. */
function jump({ user, host, port }: Endpoint): string {
  const name = host.includes(":") ? `[${host}]` : host;
  return `${user}@${name}${port === 22 ? "" : `:${port}`}`;
}
