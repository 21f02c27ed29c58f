import { remote } from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import { commandConnection } from "./commandConnection.ts";
import type { Access } from "./endpoints.ts";
import type { HostAnswer } from "./preflight.ts";
import { becomesRoot } from "./sshArgs.ts";

/** A script of ours, and the node on whose host it is run. */
interface Script {
  readonly node: string;
  /** The commands that run it, and that undo it when the resource is deleted; both get `stdin`. */
  readonly create: (sudo: boolean) => pulumi.Input<string>;
  readonly delete: (sudo: boolean) => pulumi.Input<string>;
  readonly stdin: pulumi.Input<string>;
}

/**
 * The resource that runs a script of ours on a node's host.
 *
 * @param troubled what is wrong with the hosts that do not answer, by node
 */
export function scriptCommand(
  name: string,
  { node, create, delete: remove, stdin }: Script,
  access: Access,
  troubled: Promise<ReadonlyMap<string, HostAnswer>>,
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
  // A user's --replace would otherwise run `create`, and then the `delete` of the old command. Nothing of ours replaces one.
  const options = { ...opts, deleteBeforeReplace: true };
  return untraced(() => new remote.Command(name, inputs, options));
}

/**
 * A command that stays in the state as it is there. Neither its `create` nor its `delete` is run.
 *
 * @param host where it was run
 */
export function unchangedCommand(
  name: string,
  host: string,
  opts: pulumi.CustomResourceOptions,
): remote.Command {
  // all changes are ignored, so these inputs are too
  const inputs: remote.CommandArgs = { connection: { host } };
  const options = { ...opts, ignoreChanges: ["*"] };
  return untraced(() => new remote.Command(name, inputs, options));
}

/** Makes a resource without the stack trace that the SDK stores in the state, which is a quarter of what a host takes there. */
function untraced<T>(make: () => T): T {
  const { prepareStackTrace } = Error;
  Error.prepareStackTrace = String;
  try {
    return make();
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
  }
}
