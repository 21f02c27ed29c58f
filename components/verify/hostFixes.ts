import type { HostState } from "../hosts/hostState.ts";
import {
  anewCommand,
  type StackName,
  updateCommand,
} from "../stack/pulumiCommands.ts";
import type { HostFacts } from "./hostFacts.ts";
import { onHost } from "./sshCommand.ts";

/** The fixes for findings about a host, mostly commands. */
export interface HostFixes {
  /** Lets Pulumi set up the host as if it were new. */
  readonly anew: string;
  readonly restart: string;
  /** For something that the host's unit corrects by itself, if it runs. */
  readonly heal: string;
  /** An update, if the host has to be updated before anything else. */
  readonly update: string | undefined;
  /** A command as root on the host. It consists of words that its shell does not change. */
  root(command: string): string;
}

/** @param behind whether the host has to be updated before anything else */
export function hostFixes(
  host: HostState,
  facts: HostFacts,
  stack: StackName,
  behind: boolean,
): HostFixes {
  const root = (...commands: string[]) => onHost(host, stack, ...commands);
  if (behind) {
    const update = updateCommand(stack);
    return { root, update, anew: update, restart: update, heal: update };
  }
  const anew = anewCommand(host.urn, stack);
  const unit = unitOf(host);
  const restart =
    facts.unit === undefined
      ? anew
      : root(`systemctl enable ${unit}`, `systemctl restart ${unit}`);
  const heal =
    facts.unit === "enabled/active"
      ? `the unit on this host puts that right within ${host.heal} s; if it does not, look at its log: ${root(`journalctl -n 20 -u ${unit}`)}`
      : restart;
  return { root, update: undefined, anew, restart, heal };
}

/** The name of the systemd unit that keeps the routes of an owner. */
export function unitOf({ owner }: Pick<HostState, "owner">): string {
  return `pod-routes-${owner}.service`;
}
