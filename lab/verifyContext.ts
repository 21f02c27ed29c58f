import type { CliContext } from "../components/verify/verifyCli.ts";

/** How messages of verify name the commands to run, for a user of this checkout. */
export const ownContext: CliContext = { command: "npm run verify --" };

/** The same for the stack of `npm start`: its hosts and its state are reached by these commands only. */
export function labContext(netns: string): CliContext {
  const options =
    "-o IdentitiesOnly=yes -o UserKnownHostsFile=.lab/known_hosts";
  const ssh = `ip netns exec ${netns} ssh -i .lab/id_ed25519 ${options}`;
  return { ...ownContext, programs: { ssh, pulumi: "npm run pulumi --" } };
}
