import ssh2, { type ParsedKey } from "ssh2";
import { foreignText } from "../core/plainText.ts";
import { fromPkcs8 } from "./pkcs8.ts";

const { utils } = ssh2;

/** How many characters a private key may have: RSA with 16384 bits takes 13,000. The time to parse a text grows with the square of its length. */
export const mostKey = 32 * 1024;

const keys = new Map<string, ParsedKey>();

/** A private key as the SSH library has it, or why there is none. It is parsed once, because parsing an encrypted key is slow on purpose. */
export function readKey(
  privateKey: string,
  passphrase?: string,
): ParsedKey | Error {
  if (privateKey.length > mostKey) {
    return new Error(`has more than ${mostKey} characters`);
  }
  const id = `${passphrase}\n${privateKey}`;
  try {
    const key =
      keys.get(id) ?? utils.parseKey(fromPkcs8(privateKey), passphrase);
    if (!(key instanceof Error)) {
      keys.set(id, key);
    }
    return key;
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
