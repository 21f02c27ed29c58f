import { remote } from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import { commandConnection } from "./commandConnection.ts";
import type { Hosts } from "./endpoints.ts";
import type { Finding } from "./preflight.ts";
import { becomesRoot, type Ssh } from "./sshArgs.ts";

/** What is run on which node. */
interface Script {
  readonly node: string;
  /** What makes it so, and what undoes it when the command is deleted; both get `stdin`. */
  readonly create: (sudo: boolean) => pulumi.Input<string>;
  readonly delete: (sudo: boolean) => pulumi.Input<string>;
  readonly stdin: pulumi.Input<string>;
}

/**
 * A command that runs a script of ours on a node.
 *
 * @param troubled what is wrong with the nodes that do not answer
 */
export function scriptCommand(
  name: string,
  { node, create, delete: remove, stdin }: Script,
  access: { readonly hosts: Hosts; readonly ssh: Ssh },
  troubled: Promise<ReadonlyMap<string, Finding>>,
  opts: pulumi.CustomResourceOptions,
): remote.Command {
  const sudo = becomesRoot(access.ssh);
  const inputs: remote.CommandArgs = {
    connection: troubled.then((findings) =>
      commandConnection(node, access, findings.get(node)),
    ),
    create: create(sudo),
    delete: remove(sudo),
    stdin,
    addPreviousOutputInEnv: false,
    // The provider hangs on a host that prints a line of more than 64 KiB, if it shows the output.
    logging: remote.Logging.None,
  };
  // Nothing of ours replaces a command. A user's --replace would make what it is for, and then remove it.
  const options = { ...opts, deleteBeforeReplace: true };
  return untraced(() => new remote.Command(name, inputs, options));
}

/**
 * A command that stays in the state as it is there: nothing is run, neither what it is for nor what undoes it.
 *
 * @param host where it was run
 */
export function unchangedCommand(
  name: string,
  host: string,
  opts: pulumi.CustomResourceOptions,
): remote.Command {
  // these inputs are ignored, as all changes are
  const inputs: remote.CommandArgs = { connection: { host } };
  const options = { ...opts, ignoreChanges: ["*"] };
  return untraced(() => new remote.Command(name, inputs, options));
}

/** Makes a resource without the stack trace that the SDK puts into the state with each: a quarter of what a host takes there. */
function untraced<T>(make: () => T): T {
  const { prepareStackTrace } = Error;
  Error.prepareStackTrace = String;
  try {
    return make();
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
  }
}
