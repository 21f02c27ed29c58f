import { createHmac } from "node:crypto";
import { matchesGlob } from "../core/glob.ts";

/** One usable line of a known_hosts file (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
interface Entry {
  /** The first word: the hosts that it is for. */
  readonly hosts: Hashed | Listed;
  readonly revoked: boolean;
  readonly type: string | undefined;
  readonly key: string;
}

/** One name, as its HMAC with this salt. */
interface Hashed {
  readonly salt: Buffer;
  readonly hash: string | undefined;
}

/** Names and patterns in lower case. A host is listed if one of `names` or `patterns` matches it and none of `unwanted` does. */
interface Listed {
  readonly names: readonly string[];
  readonly patterns: readonly string[];
  readonly unwanted: readonly string[];
}

/** A name of a host: `lower` is compared with listed names, `exact` with hashed ones. */
interface Name {
  readonly lower: string;
  readonly exact: string;
}

/** Key types in the order of preference. RSA is left out: the command plugin can pin it with SHA-1 only, which OpenSSH 8.8 and later refuse. */
const keyTypes = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
] as const;

/** Reads a known_hosts file; comments, certificate authorities, unknown markers and lines that are no entry are left out. */
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
        hosts: readNames(patterns ?? ""),
        revoked: marker === "@revoked",
        type,
        key: `${type} ${key}`,
      },
    ];
  });
}

function readNames(patterns: string): Hashed | Listed {
  if (patterns.startsWith("|1|")) {
    const [, , salt = "", hash] = patterns.split("|");
    return { salt: Buffer.from(salt, "base64"), hash };
  }
  const all = patterns.toLowerCase().split(",");
  const wanted = all.filter((one) => !one.startsWith("!"));
  const isPattern = (one: string) => /[*?]/.test(one);
  return {
    names: wanted.filter((one) => !isPattern(one)),
    patterns: wanted.filter(isPattern),
    unwanted: all
      .filter((one) => one.startsWith("!"))
      .map((one) => one.slice(1)),
  };
}

/**
 * Finds the host key to pin for the first of `names` that has a usable one, or undefined. A hashed line costs some
 * microseconds for each name, so only lines that can change the answer are compared.
 */
export function findHostKey(
  entries: readonly Entry[],
  names: readonly string[],
  port: number,
): string | undefined {
  const hosts = [...new Set(names)].map((name): Name => {
    const exact = port === 22 ? name : `[${name}]:${port}`;
    return { exact, lower: exact.toLowerCase() };
  });
  // Revoked under one name of the host is revoked under all of them.
  const revoked = new Set(
    entries
      .filter((one) => one.revoked && hosts.some((host) => matches(one, host)))
      .map(({ key }) => key),
  );
  for (const host of hosts) {
    for (const type of keyTypes) {
      const entry = entries.find(
        (one) =>
          !one.revoked &&
          one.type === type &&
          !revoked.has(one.key) &&
          matches(one, host),
      );
      if (entry !== undefined) {
        return entry.key;
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

function matches({ hosts }: Entry, { lower, exact }: Name): boolean {
  if ("salt" in hosts) {
    const hmac = createHmac("sha1", hosts.salt).update(exact);
    return hmac.digest("base64") === hosts.hash;
  }
  const isLower = (pattern: string) => matchesGlob(pattern, lower);
  return (
    (hosts.names.includes(lower) || hosts.patterns.some(isLower)) &&
    !hosts.unwanted.some(isLower)
  );
}
