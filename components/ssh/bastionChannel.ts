import type { Duplex } from "node:stream";
import { foreignText } from "../core/plainText.ts";
import type { Answer } from "./answer.ts";
import type { Endpoint } from "./endpoints.ts";
import { channelPatience, type Limits } from "./limits.ts";
import type { SshClient } from "./sshClient.ts";

/** Opens a channel to a host through a bastion. Returns why there is none, if the bastion refuses or does not answer. */
export function openChannel(
  bastion: SshClient,
  { host, port }: Endpoint,
  limits: Limits,
): Promise<Duplex | Answer> {
  const time = channelPatience(limits);
  return new Promise((resolve) => {
    const fail = (state: "unreachable" | "silent", reason: string) => {
      clearTimeout(waiting);
      resolve({ state, reason });
    };
    const late = `the bastion did not answer within ${time / 1000} s when asked for this host`;
    const waiting = setTimeout(fail, time, "silent", late);
    const refused = (why: string) =>
      fail("unreachable", `through the bastion: ${why}`);
    try {
      bastion.forwardOut("127.0.0.1", 0, host, port, (error, channel) => {
        if (error) {
          refused(foreignText(error.message));
          return;
        }
        clearTimeout(waiting);
        resolve(channel);
      });
    } catch {
      refused("it closed the connection");
    }
  });
}
