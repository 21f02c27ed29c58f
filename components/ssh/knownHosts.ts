import { createHmac } from "node:crypto";
import { matchesGlob } from "../core/glob";

/** One usable line of a known_hosts file (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
interface Entry {
  readonly patterns: string;
  readonly revoked: boolean;
  readonly key: string;
}

/** Key types in the order of preference. RSA is left out: the command plugin can pin it with SHA-1 only, which OpenSSH 8.8 and later refuse. */
const keyTypes = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
] as const;

/** Reads a known_hosts file; comments, certificate authorities, unknown markers and lines that are no entry are passed over. */
export function parseKnownHosts(text: string): Entry[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const words = line.trim().split(/\s+/);
    const marker = words[0]?.startsWith("@") ? words.shift() : undefined;
    const [patterns, type, key] = words;
    if (
      (marker !== undefined && marker !== "@revoked") ||
      key === undefined ||
      patterns?.startsWith("#")
    ) {
      return [];
    }
    return [
      {
        patterns: patterns ?? "",
        revoked: marker === "@revoked",
        key: `${type} ${key}`,
      },
    ];
  });
}

/** Finds the host key to pin for the first of `names` that has a usable one, or undefined. */
export function findHostKey(
  entries: readonly Entry[],
  names: readonly string[],
  port: number,
): string | undefined {
  const byName = names.map((name) => {
    const host = port === 22 ? name : `[${name}]:${port}`;
    return entries.filter((entry) => matches(entry.patterns, host));
  });
  // Revoked under one name of the host is revoked under all of them.
  const revoked = new Set(
    byName.flat().flatMap((entry) => (entry.revoked ? entry.key : [])),
  );
  for (const listed of byName) {
    const keys = listed
      .map((entry) => entry.key)
      .filter((key) => !revoked.has(key));
    for (const type of keyTypes) {
      const key = keys.find((candidate) => candidate.startsWith(`${type} `));
      if (key !== undefined) {
        return key;
      }
    }
  }
  return undefined;
}

/** Whether `key` reads `TYPE BASE64` with a type that can be pinned. */
export function isPinnableKey(key: string): boolean {
  const [type, data, ...rest] = key.split(" ");
  return (
    keyTypes.some((known) => known === type) &&
    data !== undefined &&
    /^[A-Za-z0-9+/]+=*$/.test(data) &&
    rest.length <= 1
  );
}

export const pinnableKeyTypes = keyTypes.join(", ");

function matches(patterns: string, host: string): boolean {
  if (patterns.startsWith("|1|")) {
    const [, , salt = "", hash] = patterns.split("|");
    return (
      createHmac("sha1", Buffer.from(salt, "base64"))
        .update(host)
        .digest("base64") === hash
    );
  }
  const list = patterns.split(",");
  const named = (negated: boolean) =>
    list.some(
      (p) =>
        p.startsWith("!") === negated &&
        matchesGlob(p.replace(/^!/, "").toLowerCase(), host.toLowerCase()),
    );
  return named(false) && !named(true);
}
