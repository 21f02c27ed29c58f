import * as pulumi from "@pulumi/pulumi";
import type { Node } from "../inventory/nodes.ts";
import type { LookIsGood } from "../stack/gate.ts";
import type { StackResources } from "../stack/recorded.ts";
import { runError } from "../stack/runError.ts";
import { type Credentials, plainKey } from "./credentials.ts";
import type { Access, Hosts } from "./endpoints.ts";
import { unknownNames } from "./hostNames.ts";
import type { Installation } from "./installation.ts";
import { type HostAnswer, preflight } from "./preflight.ts";
import { keyProblem } from "./privateKey.ts";
import { becomesRoot, type Ssh } from "./sshArgs.ts";

/** Warns if host keys are not checked. */
export function warnIfUnchecked(ssh: Ssh, resource: pulumi.Resource): void {
  if (!ssh.hostKeyCheck) {
    pulumi.log.warn(
      "ssh.hostKeyCheck is off: whoever answers at a host's address gets root's commands",
      resource,
    );
  }
}

/** The nodes, and how their hosts are reached. */
interface ClusterAccess extends Access {
  readonly cluster: readonly Node[];
}

/**
 * Asks all hosts, and warns of those that do not answer. Returns what is wrong with those, by node; nothing if
 * preflight is off. Throws if any host has another key than expected or a name that does not exist, or if our key
 * cannot be used.
 *
 * @param state what the stack's state holds; where there is none, in a program's unit tests with Pulumi's mocks, no host is asked
 * @param lookIsGood is awaited when all hosts have answered and none of them stops the `up`
 * @param installation what an `up` installs on each host, once all hosts have shown the right key
 * @param besides is run at the same time
 */
export async function troubledHosts(
  { cluster, hosts, ssh }: ClusterAccess,
  resource: pulumi.Resource,
  state: StackResources | undefined,
  lookIsGood: LookIsGood,
  installation?: (sudo: boolean) => Installation,
  besides?: () => Promise<void>,
): Promise<Map<string, HostAnswer>> {
  const install = pulumi.runtime.isDryRun()
    ? undefined
    : installation?.(becomesRoot(ssh));
  if (state === undefined || (!ssh.preflight && install === undefined)) {
    await lookIsGood();
    return new Map();
  }
  await checkKey(hosts.credentials);
  const look = preflight(
    hosts,
    ssh.connectTimeout * 1000,
    install,
    undefined,
    async (answers) => {
      throwIfWrong(answers, hosts, cluster);
      const cutOff = answers.find(({ atBastion }) => atBastion);
      if (cutOff !== undefined) {
        await throwUnlessPreview(cutOff, resource);
      }
      await lookIsGood();
    },
  );
  const [findings] = await Promise.all([look, besides?.()]);
  const where = whereIn(hosts);
  const troubled = findings.filter(({ state }) => state !== "ok");
  for (const finding of troubled.filter(({ atBastion }) => !atBastion)) {
    const what =
      finding.state === "unusable"
        ? `cannot work on ${where(finding)}`
        : `no answer from ${where(finding)}`;
    await pulumi.log.warn(what, resource);
  }
  return new Map(troubled.map((finding) => [finding.node, finding]));
}

/** Throws if an `up` must not begin with these hosts. */
function throwIfWrong(
  answers: readonly HostAnswer[],
  hosts: Hosts,
  cluster: readonly Node[],
): void {
  const wrong = answers.filter(({ state }) => state === "wrong key");
  const mistakes = [
    wrongKeys(wrong.map(whereIn(hosts))),
    unknownNames(answers, hosts, cluster),
  ].filter((text) => text !== undefined);
  if (mistakes.length > 0) {
    throw runError(mistakes.join("\n"));
  }
}

/** How messages call a host, and what is wrong with it. */
function whereIn({ byNode }: Hosts): (finding: HostAnswer) => string {
  return ({ node, reason }) => `${node} (${byNode.get(node)?.host}): ${reason}`;
}

function wrongKeys(hosts: readonly string[]): string | undefined {
  return hosts.length === 0
    ? undefined
    : [
        "SSH host keys do not match; nothing was changed",
        ...hosts.map((host) => `  - ${host}`),
        "somebody may be in between; if the host was installed anew, fix the known_hosts file: ssh-keygen -R ADDRESS, then ssh-keyscan",
      ].join("\n");
}

/** Without the bastion nothing can be done: an `up` ends, and a preview warns. */
async function throwUnlessPreview(
  { reason }: HostAnswer,
  resource: pulumi.Resource,
) {
  const message = `no host can be reached: ${reason}`;
  if (!pulumi.runtime.isDryRun()) {
    throw runError(`${message}; nothing was changed`);
  }
  await pulumi.log.warn(message, resource);
}

/** Throws if the key cannot be used. One that is a secret is not known before, when the other arguments are checked. */
async function checkKey(credentials: Credentials): Promise<void> {
  const { privateKey, passphrase } = (await plainKey(credentials)) ?? {};
  const problem = privateKey && keyProblem(privateKey, passphrase);
  if (problem) {
    throw runError(
      `ssh.privateKey and ssh.privateKeyPassphrase: ${problem}; nothing was changed`,
    );
  }
}
