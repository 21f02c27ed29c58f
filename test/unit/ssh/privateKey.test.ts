import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { test } from "node:test";
import type { ParsedKey } from "ssh2";
import { keyProblem, readKey } from "../../../components/ssh/privateKey.ts";

/** The public half of a private key. */
function publicOf(privateKey: string): string {
  const key = readKey(privateKey);
  assert.ok(!(key instanceof Error), String(key));
  return (key as ParsedKey).getPublicSSH().toString("base64");
}

const pem = { format: "pem" } as const;
const pkcs8 = { type: "pkcs8", ...pem } as const;
const made = {
  rsa: generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey,
  ec: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey,
  ed25519: generateKeyPairSync("ed25519").privateKey,
};

/** Its public half as SSH has it, from what Node.js knows of the key. */
const sshPublic: Record<keyof typeof made, (key: KeyObject) => string> = {
  rsa: (key) => publicOf(key.export({ type: "pkcs1", ...pem }).toString()),
  ec: (key) => publicOf(key.export({ type: "sec1", ...pem }).toString()),
  ed25519: (key) => {
    const { x = "" } = key.export({ format: "jwk" });
    const point = Buffer.from(x, "base64url");
    const name = Buffer.from("\0\0\0\x0bssh-ed25519\0\0\0\x20", "latin1");
    return Buffer.concat([name, point]).toString("base64");
  },
};

test("keys of PKCS #8 can be used", () => {
  for (const type of ["rsa", "ec", "ed25519"] as const) {
    const text = made[type].export(pkcs8).toString();
    assert.equal(keyProblem(text, undefined), undefined);
    assert.equal(publicOf(text), sshPublic[type](made[type]));
  }
});

test("what is wrong with a key of PKCS #8 is said", () => {
  const text = made.ed25519.export(pkcs8).toString();
  assert.ok(
    keyProblem(text.replace(/.{20}\n-----END/, "\n-----END"), undefined),
  );
  const other = generateKeyPairSync("x25519").privateKey.export(pkcs8);
  assert.equal(
    keyProblem(other.toString(), undefined),
    "SSH has no x25519 keys",
  );
});
