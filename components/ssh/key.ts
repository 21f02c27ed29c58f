import * as pulumi from "@pulumi/pulumi";
import { utils } from "ssh2";
import type { Credentials } from "./hosts";

/** Why a private key cannot be used with this passphrase, or undefined if it can. */
export function keyProblem(
  privateKey: string,
  passphrase: string | undefined,
): string | undefined {
  const key = utils.parseKey(privateKey, passphrase);
  if (key instanceof Error) {
    return key.message.replace(/\s+/g, " ");
  }
  if (!key.isPrivateKey()) {
    return "this is the public key";
  }
  const unneeded =
    passphrase !== undefined && !(utils.parseKey(privateKey) instanceof Error);
  return unneeded ? "it is not encrypted, give no passphrase" : undefined;
}

/** Private key and passphrase as text. */
export interface PlainKey {
  readonly privateKey?: string | undefined;
  readonly passphrase?: string | undefined;
}

/** The values behind the inputs. They come from config and are known; one that is not known within some seconds is left out. */
export function plainKey({
  privateKey,
  passphrase,
}: Credentials): Promise<PlainKey> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, 5000, {});
    pulumi.all([privateKey, passphrase]).apply(([key, phrase]) => {
      clearTimeout(timer);
      resolve({ privateKey: key, passphrase: phrase });
    });
  });
}
