import { foreignText, printable } from "../core/plainText.ts";
import type { Endpoint } from "./endpoints.ts";

/** What came of asking a host for its key, or of logging in. */
export interface Answer {
  /** silent: it takes the connection and then does not say who it is. unusable: what it needs could not be put there. no such name: the resolver says that its name does not exist. */
  readonly state:
    | "ok"
    | "unreachable"
    | "silent"
    | "wrong key"
    | "unusable"
    | "no such name";
  /** Why it is not ok. */
  readonly reason: string;
  /** It is the bastion that could not be logged into, and so no host was asked. */
  readonly atBastion?: true;
}

/** Whether this is a mistake that an `up` must not begin with, and not a host that is down for a while. */
export function isFault({ state }: Answer): boolean {
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

/** What an error of ssh2 means. Its message may be what the server said, unless it is of the key exchange. */
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
