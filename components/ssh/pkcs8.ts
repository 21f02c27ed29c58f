import { createPrivateKey, type KeyObject } from "node:crypto";

// ssh2 reads no PKCS #8, and Node.js writes no OpenSSH form. sshpk does both, but brings nine packages more, with
// elliptic curves in JavaScript, for what are 20 lines here.

/**
 * A private key of PKCS #8 (`-----BEGIN PRIVATE KEY-----`) in a form that ssh2 reads; any other text as it is.
 * Throws if it is such a key and cannot be read.
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

/** An Ed25519 key in the form of PROTOCOL.key of OpenSSH, not encrypted. */
function openSsh(key: KeyObject): string {
  const { d = "", x = "" } = key.export({ format: "jwk" });
  const point = Buffer.from(x, "base64url");
  const secret = Buffer.concat([Buffer.from(d, "base64url"), point]);
  const type = field("ssh-ed25519");
  const publicKey = Buffer.concat([type, field(point)]);
  const noComment = field("");
  const twoEqualNumbers = Buffer.alloc(8);
  const privateKey = padded(
    Buffer.concat([twoEqualNumbers, publicKey, field(secret), noComment]),
  );
  const noOptions = field("");
  const oneKey = Buffer.from([0, 0, 0, 1]);
  const all = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    field("none"),
    field("none"),
    noOptions,
    oneKey,
    field(publicKey),
    field(privateKey),
  ]);
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${all.toString("base64")}\n-----END OPENSSH PRIVATE KEY-----\n`;
}

/** These bytes with their number in front of them. */
function field(content: string | Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(Buffer.byteLength(content));
  return Buffer.concat([size, Buffer.from(content)]);
}

/** Pads to a multiple of eight bytes, with 1, 2, 3 and so on. */
function padded(block: Buffer): Buffer {
  const padding = Buffer.from([1, 2, 3, 4, 5, 6, 7]);
  return Buffer.concat([block, padding.subarray(0, -block.length & 7)]);
}
