import assert from "node:assert/strict";
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import type { ParsedKey } from "ssh2";
import {
  keyProblem,
  plainKey,
  readKey,
  shortest,
} from "../../../components/ssh/privateKey.ts";
import { ed25519, keyPair } from "../mockedStack.ts";

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

test("the state has the same key in fewer characters", () => {
  for (const type of ["ed25519", "ecdsa"] as const) {
    const { privateKey } = keyPair(type);
    const short = shortest(privateKey);
    assert.equal(publicOf(short), publicOf(privateKey));
    assert.ok(short.length < 240, `${type}: ${short.length} characters`);
    // what the provider reads it as
    assert.ok(createPrivateKey(short));
    assert.equal(shortest(short), short);
  }
});

test("a key that is encrypted, public or none stays as it is", () => {
  const pair = ed25519("pass");
  for (const key of [pair.private, pair.public, "no key", ""]) {
    assert.equal(shortest(key), key);
  }
});

test("keys of PKCS #8 can be used", () => {
  for (const key of Object.values(made)) {
    const text = key.export(pkcs8).toString();
    assert.equal(keyProblem(text, undefined), undefined);
    assert.equal(publicOf(shortest(text)), publicOf(text));
  }
  const same = made.rsa.export({ type: "pkcs1", ...pem }).toString();
  assert.equal(publicOf(made.rsa.export(pkcs8).toString()), publicOf(same));
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

/** Credentials with this key. */
const withKey = (privateKey: pulumi.Input<string>) => ({
  ...{ privateKey, recordedKey: undefined },
  ...{ passphrase: pulumi.secret("pass"), agentSocket: undefined },
});

test("a key is waited for, however long it takes", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let made: (key: string) => void = () => {};
  const key = new Promise<string>((resolve) => {
    made = resolve;
  });
  const plain = plainKey(withKey(pulumi.secret(key)));
  t.mock.timers.tick(24 * 60 * 60 * 1000);
  made("the key");
  assert.deepEqual(await plain, {
    ...{ privateKey: "the key", passphrase: "pass" },
  });
});

test("a key that only an up will know is not waited for", async () => {
  const unknown = pulumi.output(pulumi.unknown) as pulumi.Output<unknown>;
  const key = unknown as pulumi.Output<string>;
  assert.equal(await plainKey(withKey(key)), undefined);
});
