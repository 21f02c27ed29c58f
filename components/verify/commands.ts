import { shellWord } from "../core/shellWord.ts";
import type { Endpoint } from "../ssh/endpoints.ts";
import type { HostState } from "./hostState.ts";
import type { Programs } from "./programs.ts";

const usual: Programs = { pulumi: "pulumi", ssh: "ssh" };

/** A stack, as the user named it. */
export interface StackName {
  readonly stack: string;
  readonly configFile: string | undefined;
  /** `destroy` where the last change was a destroy that did not finish: only a destroy finishes it. Default: `up`. */
  readonly verb?: "up" | "destroy";
  /** Default: what the programs are called. */
  readonly programs?: Programs;
}

/** The command that brings a stack to where it is to be. */
export function updateCommand(stack: StackName): string {
  return configured(stack.verb ?? "up", stack);
}

/** The command that lists the stacks of a project. */
export function listCommand({ pulumi } = usual): string {
  return `${pulumi} stack ls`;
}

/** The command that runs a verb of Pulumi again that did not succeed. */
export function againCommand(
  verb: "up" | "refresh" | "destroy",
  stack: StackName,
): string {
  return configured(verb, stack);
}

/** The command that has Pulumi forget a resource. Nothing is done to what it stands for. */
export function forgetCommand(
  urn: string,
  { stack, programs = usual }: StackName,
): string {
  return `${programs.pulumi} state delete --stack ${shellWord(stack)} ${shellWord(urn)}`;
}

/** The commands that have Pulumi forget a host: one that is wanted is then set up as if it were new, one that is not is let go of. */
export function anewCommand(urn: string, stack: StackName): string {
  return `${forgetCommand(urn, stack)} && ${updateCommand(stack)}`;
}

/**
 * The commands after a run of Pulumi that was killed. A backend of files keeps its lock, which `cancel` takes away;
 * where there is none, that may fail. Of the operations that were under way, only a refresh forgets the creating ones.
 */
export function recoverCommand(stack: StackName): string {
  const { pulumi } = stack.programs ?? usual;
  const cancel = `${pulumi} cancel --stack ${shellWord(stack.stack)}`;
  const refresh = configured("refresh --clear-pending-creates", stack);
  return `${cancel}; ${refresh} && ${updateCommand(stack)}`;
}

function configured(
  words: string,
  { stack, configFile, programs = usual }: StackName,
): string {
  return [
    `${programs.pulumi} ${words} --stack ${shellWord(stack)}`,
    ...(configFile === undefined
      ? []
      : [`--config-file ${shellWord(configFile)}`]),
  ].join(" ");
}

/**
 * The command that runs commands as root on a host, each only if the one before it succeeds. They are quoted for the
 * shell that runs ssh; each has to be made of words that the host's shell leaves as they are.
 */
export function onHost(
  { login, bastion, sudo }: Pick<HostState, "login" | "bastion" | "sudo">,
  { programs = usual }: Pick<StackName, "programs">,
  ...commands: readonly string[]
): string {
  const onIt = commands.map((one) => (sudo ? `sudo ${one}` : one)).join(" && ");
  return [
    programs.ssh,
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
