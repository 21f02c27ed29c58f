import { foreignText, printable } from "../core/plainText.ts";
import type { Endpoint } from "./endpoints.ts";

/** The result of asking a host for its key, or of logging in. */
export interface Answer {
  /** silent: it accepts the connection and then does not identify itself. unusable: the installation on it failed. no such name: the resolver says that its name does not exist. */
  readonly state:
    | "ok"
    | "unreachable"
    | "silent"
    | "wrong key"
    | "unusable"
    | "no such name";
  /** Why it is not ok. */
  readonly reason: string;
  /** The login on the bastion failed, so no host was asked. */
  readonly atBastion?: true;
}

/** Whether an `up` must not begin with this answer: it shows a mistake, not only a host that is down for a while. */
export function isMistake({ state }: Answer): boolean {
  return state === "wrong key" || state === "no such name";
}

/** Compares the key that a server shows with the pinned one. */
export function compareHostKey(key: Buffer, { hostKey }: Endpoint): Answer {
  const [type, pinned] = hostKey?.split(" ") ?? [];
  const shown = key.toString("base64");
  return hostKey === undefined || shown === pinned
    ? { state: "ok", reason: "" }
    : {
        state: "wrong key",
        reason: printable(
          `its host key is ${type} ${foreignText(shown)}, expected is ${hostKey}`,
        ),
      };
}

/** What an error of ssh2 means. Unless it comes from the key exchange, its message may be text that the server sent. */
export function explainError(
  error: NodeJS.ErrnoException & { level?: string },
  { host, hostKey }: Endpoint,
): Answer {
  if (error.code === "ENOTFOUND" && error.syscall === "getaddrinfo") {
    return { state: "no such name", reason: `${host} does not exist` };
  }
  return error.level === "handshake" &&
    error.message.includes("no matching host key format")
    ? {
        state: "wrong key",
        reason: printable(
          `it has no host key of the expected type, ${hostKey}`,
        ),
      }
    : { state: "unreachable", reason: foreignText(error.message) };
}
