import assert from "node:assert/strict";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { plainKey } from "../../../components/ssh/credentials.ts";

/** Credentials with this key. */
const withKey = (privateKey: pulumi.Input<string>) => ({
  privateKey,
  passphrase: pulumi.secret("pass"),
  agentSocket: undefined,
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
    privateKey: "the key",
    passphrase: "pass",
  });
});

test("a key that only an up will know is not waited for", async () => {
  const unknown = pulumi.output(pulumi.unknown) as pulumi.Output<unknown>;
  const key = unknown as pulumi.Output<string>;
  assert.equal(await plainKey(withKey(key)), undefined);
});
