import { shellWord } from "../core/shellWord.ts";

/** The words that stand for programs in the commands that are printed. */
export interface Programs {
  readonly pulumi: string;
  readonly ssh: string;
}

/** What the programs are called where nothing stands for them. */
export const usualPrograms: Programs = { pulumi: "pulumi", ssh: "ssh" };

/** A stack, as the user named it. */
export interface StackName {
  readonly stack: string;
  readonly configFile: string | undefined;
  /** `destroy` where the last change was a destroy that did not finish: only a destroy finishes it. Default: `up`. */
  readonly verb?: "up" | "destroy";
  /** Default: {@link usualPrograms}. */
  readonly programs?: Programs;
}

/** The command that finishes the update or the destroy of a stack. */
export function updateCommand(stack: StackName): string {
  return configured(stack.verb ?? "up", stack);
}

/** The command that lists the stacks of a project. */
export function listCommand({ pulumi } = usualPrograms): string {
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
  { stack, programs = usualPrograms }: StackName,
): string {
  return `${programs.pulumi} state delete --stack ${shellWord(stack)} ${shellWord(urn)}`;
}

/** The commands that have Pulumi forget a host. An update then sets up a wanted host as if it were new, and does nothing to any other. */
export function anewCommand(urn: string, stack: StackName): string {
  return `${forgetCommand(urn, stack)} && ${updateCommand(stack)}`;
}

/**
 * The commands after a run of Pulumi that was killed. A backend of files keeps its lock, which `cancel` removes;
 * without a lock, `cancel` may fail. Only a refresh makes Pulumi forget resources whose creation was under way.
 */
export function recoverCommand(stack: StackName): string {
  const { pulumi } = stack.programs ?? usualPrograms;
  const cancel = `${pulumi} cancel --stack ${shellWord(stack.stack)}`;
  const refresh = configured("refresh --clear-pending-creates", stack);
  return `${cancel}; ${refresh} && ${updateCommand(stack)}`;
}

function configured(
  words: string,
  { stack, configFile, programs = usualPrograms }: StackName,
): string {
  const config =
    configFile === undefined ? "" : ` --config-file ${shellWord(configFile)}`;
  return `${programs.pulumi} ${words} --stack ${shellWord(stack)}${config}`;
}
