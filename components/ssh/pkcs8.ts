import { createPrivateKey, type KeyObject } from "node:crypto";

/**
 * A private key of PKCS #8 (`-----BEGIN PRIVATE KEY-----`), which the SSH library does not read, in a form that
 * it reads; any other text as it is. Throws if it is such a key and cannot be read.
 */
export function fromPkcs8(text: string): string {
  if (!text.trimStart().startsWith("-----BEGIN PRIVATE KEY-----")) {
    return text;
  }
  const key = createPrivateKey(text);
  switch (key.asymmetricKeyType) {
    case "rsa":
      return key.export({ type: "pkcs1", format: "pem" }).toString();
    case "ec":
      return key.export({ type: "sec1", format: "pem" }).toString();
    case "ed25519":
      return openSsh(key);
    default:
      throw new Error(`SSH has no ${key.asymmetricKeyType} keys`);
  }
}

/** Ed25519 in OpenSSH's own form, see PROTOCOL.key of OpenSSH. */
function openSsh(key: KeyObject): string {
  const { d = "", x = "" } = key.export({ format: "jwk" });
  const [seed, point] = [d, x].map((part) => Buffer.from(part, "base64url"));
  if (seed === undefined || point === undefined) {
    throw new Error("not a whole key");
  }
  const type = sized(Buffer.from("ssh-ed25519"));
  const checks = Buffer.alloc(8);
  const comment = sized(Buffer.alloc(0));
  const secret = sized(Buffer.concat([seed, point]));
  const block = Buffer.concat([checks, type, sized(point), secret, comment]);
  const padding = Buffer.from([1, 2, 3, 4, 5, 6, 7]);
  const padded = [block, padding.subarray(0, -block.length & 7)];
  const none = sized(Buffer.from("none"));
  const whole = Buffer.concat([
    ...[Buffer.from("openssh-key-v1\0"), none, none, comment],
    ...[Buffer.from([0, 0, 0, 1])],
    sized(Buffer.concat([type, sized(point)])),
    sized(Buffer.concat(padded)),
  ]);
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${whole.toString("base64")}\n-----END OPENSSH PRIVATE KEY-----\n`;
}

function sized(content: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(content.length);
  return Buffer.concat([size, content]);
}
