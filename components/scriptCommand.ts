import { remote } from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import { hostCommand } from "./hostInput";
import type { Ssh } from "./ssh/args";
import { connectionTo } from "./ssh/connect";
import type { Hosts } from "./ssh/hosts";
import type { Finding } from "./ssh/preflight";

/** What a {@link scriptCommand} does on which node. */
interface Script {
  readonly node: string;
  /** What the script is told to do; it is told `remove` when the command is deleted. */
  readonly verb: "converge" | "apply";
  readonly stdin: pulumi.Input<string>;
}

/**
 * A command on a node that runs a script out of its own standard input.
 *
 * @param troubled what is wrong with the nodes that do not answer
 */
export function scriptCommand(
  name: string,
  { node, verb, stdin }: Script,
  access: { readonly hosts: Hosts; readonly ssh: Ssh },
  troubled: Promise<ReadonlyMap<string, Finding>>,
  opts: pulumi.CustomResourceOptions,
): remote.Command {
  const { sudo = access.ssh.user !== "root" } = access.ssh;
  return new remote.Command(
    name,
    {
      connection: troubled.then((findings) =>
        connectionTo(node, access, findings.get(node)),
      ),
      create: hostCommand(verb, sudo),
      delete: hostCommand("remove", sudo),
      stdin,
      addPreviousOutputInEnv: false,
      // The provider hangs on a host that prints a line of more than 64 KiB, if it shows the output.
      logging: remote.Logging.None,
    },
    // Nothing of ours replaces a command. A user's --replace would make what it is for, and then remove it.
    { ...opts, deleteBeforeReplace: true },
  );
}
