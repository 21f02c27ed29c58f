import { foreignText } from "../core/plainText.ts";
import type { Answer } from "./answer.ts";
import type { Limits } from "./limits.ts";
import type { PendingLogin } from "./login.ts";
import { runOn } from "./remoteCommand.ts";
import { SshClient } from "./sshClient.ts";

/** A command that installs on a host what later commands there need, and its standard input. */
export interface Installation {
  readonly command: string;
  readonly input: string;
}

/** The limits for a host that is asked for its key and gets an installation. */
export interface InstallationLimits extends Limits {
  /** How long the installation may take, in milliseconds. */
  readonly installation: number;
}

/** How many bytes an installation may print; ours prints nothing. */
const mostPrinted = 64 * 1024;

/** Finishes a login, installs this, and closes the connection. */
export async function install(
  { command, input }: Installation,
  pending: PendingLogin,
  limits: InstallationLimits,
): Promise<Answer> {
  try {
    const client = await pending.finish();
    if (!(client instanceof SshClient)) {
      return { state: "unusable", reason: client.reason };
    }
    await runOn(client, command, input, limits.installation, mostPrinted);
    return { state: "ok", reason: "" };
  } catch (error) {
    const reason = foreignText((error as Error).message);
    return { state: "unusable", reason };
  } finally {
    pending.close();
  }
}
