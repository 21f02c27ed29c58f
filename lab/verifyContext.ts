import type { CliContext } from "../components/verify/verifyCli.ts";

/** How a user of this checkout checks a stack. */
export const ownContext: CliContext = { command: "npm run verify --" };

/**
 * The same in the lab of `npm start`, for a user who is not in its network: neither its hosts nor its state can be
 * reached without these words.
 */
export function labContext(netns: string): CliContext {
  const ssh = [
    ...["ip", "netns", "exec", netns, "ssh", "-i", ".lab/id_ed25519"],
    ...[
      "-o",
      "IdentitiesOnly=yes",
      "-o",
      "UserKnownHostsFile=.lab/known_hosts",
    ],
  ].join(" ");
  return { ...ownContext, programs: { ssh, pulumi: "npm run pulumi --" } };
}
