import type {
  Algorithms,
  ConnectConfig,
  KexAlgorithm,
  PublicKeyAuthMethod,
} from "ssh2";
import type { Endpoint, Login } from "./endpoints.ts";
import { readKey } from "./privateKey.ts";

/** The configuration of ssh2 for a login: who logs in, by which key, and how. */
export function clientConfig(to: Login): ConnectConfig {
  const { user, privateKey, passphrase, agentSocket } = to;
  const config = {
    username: user,
    // limitTime limits it
    readyTimeout: 0,
    algorithms: algorithms(to),
  };
  if (privateKey === undefined) {
    const agent = agentSocket ?? process.env.SSH_AUTH_SOCK;
    return agent === undefined ? config : { ...config, agent };
  }
  const key = readKey(privateKey, passphrase);
  if (key instanceof Error) {
    throw key;
  }
  const byKey: PublicKeyAuthMethod = {
    type: "publickey",
    username: user,
    key,
  };
  return { ...config, authHandler: [byKey] };
}

/** The key exchange that costs a host least: with OpenSSH's own curve25519 a login takes a tenth longer. */
const cheap: KexAlgorithm = "ecdh-sha2-nistp256";

/** A key exchange that is left out: the server chooses the group, and checking one of 10,000 bits takes minutes. */
const costly: KexAlgorithm = "diffie-hellman-group-exchange-sha256";

/**
 * The key exchanges of ssh2, the cheap one first. The server must show the pinned key, not another of its keys.
 * Compression is off, because a packet can become a thousand times as large when it is unpacked.
 */
function algorithms({ hostKey }: Endpoint): Algorithms {
  const type = hostKey?.split(" ")[0];
  return {
    kex: { remove: [cheap, costly], prepend: cheap, append: [] },
    compress: ["none"],
    ...(type !== undefined && { serverHostKey: [type as "ssh-ed25519"] }),
  };
}
