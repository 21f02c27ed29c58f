// A stand-in for the `command` resource plugin 1.2.1, for machines that can neither find nor
// download the official one. It serves `command:remote:Command` and nothing else of it.
//
// test/engine/conformance.test.ts holds the two against each other, in all that this project relies on:
// the inputs and their defaults; create, update (else create) and delete; any changed input is an
// update, changed triggers are a replacement; standard input; the pinned host key; keys, passphrases
// and the agent; the proxy; dialErrorLimit and the waits between attempts; stdout and stderr; a failing
// exit status; PULUMI_COMMAND_STDOUT and _STDERR unless addPreviousOutputInEnv is false; the
// connection is secret; there is no read, so a refresh finds no drift. A stack can go from one plugin
// to the other without a change.
//
// The official plugin is different in this:
// - A variable of `environment` that the server does not accept is an error. Here it is dropped. It
//   warns, and goes on, where the output of the run before is not accepted; here that is silent.
// - It shows the command's output while it runs, unless `logging` says otherwise, and with that hangs
//   for ever on a line of more than 64 KiB. Here `logging` has no effect.
// - perDialTimeout bounds the TCP connection alone: a server that takes the connection and says
//   nothing holds it up for ever. Here the handshake is bounded too.
// - customTimeouts end its attempts to connect (though neither a handshake nor a running command).
//   Here they have no effect.
// - `preview --diff` shows of a changed resource what has changed. Here it shows all inputs.
// - Connection errors have the wording of Go's SSH library, not that of ssh2.
import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { CheckFailure } from "@pulumi/pulumi/provider/index.js";
import { nameIn } from "../../components/stack/urn.ts";
import { type Connection, execute } from "./ssh.ts";
import { bare, type Properties, plain, secret, serve } from "./wire.ts";

const inputs = [
  "create",
  "update",
  "delete",
  "triggers",
  "stdin",
  "logging",
  "connection",
  "environment",
  "addPreviousOutputInEnv",
];
const secretFields = ["privateKey", "privateKeyPassword", "password"];

serve({
  version: "1.2.1",

  async check(_urn, _olds, news) {
    const connection = plain(news.connection) as Properties | undefined;
    const failures: CheckFailure[] = [];
    if (connection === undefined) {
      failures.push({
        property: "connection",
        reason: "Missing required field 'connection' on 'CommandInputs'",
      });
    } else if (typeof connection === "object") {
      if (connection.host === undefined) {
        failures.push({
          property: "connection.host",
          reason: "Missing required field 'host' on 'Connection'",
        });
      }
      news.connection = secret(withDefaults(connection));
    }
    return { inputs: news, failures };
  },

  async diff(_id, _urn, olds, news) {
    const changed = inputs.filter(
      (key) => !isDeepStrictEqual(plain(olds[key]), plain(news[key])),
    );
    return {
      changes: changed.length > 0,
      replaces: changed.filter((key) => key === "triggers"),
    };
  },

  async create(urn, news) {
    return {
      id: `${nameIn(urn)}${randomBytes(4).toString("hex")}`,
      outs: { ...news, ...(await perform(news, news.create)) },
    };
  },

  async update(_id, _urn, olds, news) {
    const before = { stdout: olds.stdout ?? "", stderr: olds.stderr ?? "" };
    return {
      outs: {
        ...news,
        ...before,
        ...(await perform({ ...before, ...news }, news.update ?? news.create)),
      },
    };
  },

  async delete(_id, _urn, olds) {
    await perform(olds, olds.delete);
  },
});

/** Runs a command of a resource; `properties` are its inputs and the output of the run before. */
async function perform(
  properties: Properties,
  command: unknown,
): Promise<Properties> {
  const values = bare(properties);
  if (command === undefined || command === null) {
    return { stdout: "", stderr: "", ...pick(values, ["stdout", "stderr"]) };
  }
  const previous =
    values.addPreviousOutputInEnv === false
      ? {}
      : {
          PULUMI_COMMAND_STDOUT: values.stdout,
          PULUMI_COMMAND_STDERR: values.stderr,
        };
  const environment = {
    ...(values.environment as Properties | undefined),
    ...previous,
  };
  const set = Object.entries(environment).filter(
    ([, value]) => value !== undefined && value !== "",
  );
  try {
    const output = await execute(values.connection as Connection, {
      command: String(plain(command)),
      stdin: String(values.stdin ?? ""),
      environment: Object.fromEntries(
        set.map(([key, value]) => [key, String(value)]),
      ),
    });
    return { ...output };
  } catch (error) {
    (error as Error).stack = ""; // the failure of a command is no fault of this program
    throw error;
  }
}

function withDefaults(connection: Properties): Properties {
  const { proxy } = connection;
  const secrets = secretFields.filter((key) => connection[key] !== undefined);
  return {
    user: "root",
    port: 22,
    dialErrorLimit: 10,
    perDialTimeout: 15,
    ...connection,
    ...Object.fromEntries(secrets.map((key) => [key, secret(connection[key])])),
    ...(typeof proxy === "object" &&
      proxy !== null && { proxy: withDefaults(proxy as Properties) }),
  };
}

function pick(values: Properties, keys: readonly string[]): Properties {
  return Object.fromEntries(
    keys
      .filter((key) => values[key] !== undefined)
      .map((key) => [key, values[key]]),
  );
}
