import type { Login } from "../../../components/ssh/endpoints.ts";
import { preflight } from "../../../components/ssh/preflight.ts";
import { runOn } from "../../../components/ssh/remoteCommand.ts";
import { Sessions } from "../../../components/ssh/sessions.ts";

/** Looks at a host, or has something installed there, and has no more to do then: node ends when no connection is left. */
async function program(what: string, login: Login): Promise<object> {
  if (what === "Sessions") {
    const sessions = new Sessions();
    const client = await sessions.to(login, undefined);
    const said = await runOn(client, "look", "", 5000);
    await sessions.end();
    return { said };
  }
  const { privateKey, ...endpoint } = login;
  const credentials = {
    privateKey,
    passphrase: undefined,
    agentSocket: undefined,
  };
  const [finding] = await preflight(
    { byNode: new Map([["a", endpoint]]), bastion: undefined, credentials },
    1000,
    { command: "install", input: "a script" },
    { patience: 1000, installation: 5000, received: 256 * 1024 },
  );
  return { state: finding?.state };
}

const [what = "", login = ""] = process.argv.slice(2);
program(what, JSON.parse(login)).then((found) => {
  console.log(JSON.stringify(found));
});
