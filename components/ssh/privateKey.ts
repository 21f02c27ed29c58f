import * as pulumi from "@pulumi/pulumi";
import ssh2, { type ParsedKey } from "ssh2";
import { foreignText } from "../core/plainText.ts";
import { known } from "../stack/known.ts";
import type { Credentials } from "./endpoints.ts";
import { fromPkcs8 } from "./pkcs8.ts";

const { utils } = ssh2;

/** How many characters a private key may have: RSA with 16384 bits takes 13,000. The time to read a text as one grows with the square. */
export const mostKey = 32 * 1024;

/** A private key as the SSH library has it, or why there is none. */
export function readKey(
  privateKey: string,
  passphrase?: string,
): ParsedKey | Error {
  if (privateKey.length > mostKey) {
    return new Error(`has more than ${mostKey} characters`);
  }
  try {
    return utils.parseKey(fromPkcs8(privateKey), passphrase);
  } catch (error) {
    return error as Error;
  }
}

/** Why a private key cannot be used with this passphrase, or undefined if it can. */
export function keyProblem(
  privateKey: string,
  passphrase: string | undefined,
): string | undefined {
  const key = readKey(privateKey, passphrase);
  if (key instanceof Error) {
    return foreignText(key.message);
  }
  if (!key.isPrivateKey()) {
    return "this is the public key";
  }
  const unneeded =
    passphrase !== undefined && !(readKey(privateKey) instanceof Error);
  return unneeded ? "it is not encrypted, give no passphrase" : undefined;
}

/**
 * The same private key in fewer characters, if there is such a form: the state has it twice for every host,
 * and the engine writes the state twice for every host.
 */
export function shortest(privateKey: string): string {
  const key = readKey(privateKey);
  if (key instanceof Error || !key.isPrivateKey()) {
    return privateKey; // it is encrypted, or has a fault that is said elsewhere
  }
  const pem = key.getPrivatePEM();
  return pem.length < privateKey.length ? pem : privateKey;
}

/** Private key and passphrase as text. */
export interface PlainKey {
  readonly privateKey?: string | undefined;
  readonly passphrase?: string | undefined;
}

/** The values behind the inputs, however long they take; undefined if they are known only in an `up`. */
export async function plainKey({
  privateKey,
  passphrase,
}: Credentials): Promise<PlainKey | undefined> {
  const found = await known(pulumi.all([privateKey, passphrase]));
  return found && { privateKey: found.value[0], passphrase: found.value[1] };
}
