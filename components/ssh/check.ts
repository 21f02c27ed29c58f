import * as pulumi from "@pulumi/pulumi";
import type { Node } from "../core/inventory";
import { type StackResources, stackResources } from "../recorded";
import { becomesRoot, type Ssh } from "./args";
import type { Installation } from "./call";
import type { Credentials, Hosts } from "./hosts";
import { keyProblem, plainKey } from "./key";
import { unknownNames } from "./names";
import { type Finding, preflight } from "./preflight";

/** Says so where hosts are trusted whatever key they show. */
export function warnIfUnchecked(ssh: Ssh, resource: pulumi.Resource): void {
  if (!ssh.hostKeyCheck) {
    pulumi.log.warn(
      "ssh.hostKeyCheck is off: whoever answers at a host's address gets root's commands",
      resource,
    );
  }
}

/** What is known of the hosts before one is asked. */
interface Access {
  readonly cluster: readonly Node[];
  readonly hosts: Hosts;
  readonly ssh: Ssh;
}

/**
 * What is wrong with which host that does not answer; nothing, if preflight is off. Fails if any host has
 * another key than expected or a name that does not exist, or if our key cannot be used. The look begins with the
 * stack's state: where there is none, in a program's unit tests with Pulumi's mocks, no host is asked.
 *
 * @param installation what each host needs; an `up` puts it there, once all hosts have shown the right key
 * @param besides what else is asked at the same time, because of what the stack's state holds
 */
export async function troubledHosts(
  { cluster, hosts, ssh }: Access,
  resource: pulumi.Resource,
  installation?: (sudo: boolean) => Installation,
  besides?: (state: StackResources) => Promise<void>,
): Promise<Map<string, Finding>> {
  const install = pulumi.runtime.isDryRun()
    ? undefined
    : installation?.(becomesRoot(ssh));
  if (!ssh.preflight && install === undefined) {
    return new Map();
  }
  const state = await stackResources(resource);
  if (state === undefined) {
    return new Map();
  }
  await checkKey(hosts.credentials);
  const [findings] = await Promise.all([
    preflight(hosts, ssh.connectTimeout * 1000, install),
    besides?.(state),
  ]);
  const where = ({ node, reason }: Finding) =>
    `${node} (${hosts.byNode.get(node)?.host}): ${reason}`;
  const refused = [
    wrongKeys(findings.filter(({ state }) => state === "wrong key").map(where)),
    unknownNames(findings, hosts, cluster),
  ].filter((text) => text !== undefined);
  if (refused.length > 0) {
    throw new pulumi.RunError(refused.join("\n"));
  }
  const troubled = findings.filter(({ state }) => state !== "ok");
  const cutOff = troubled.find(({ atBastion }) => atBastion);
  if (cutOff !== undefined) {
    await noWay(cutOff, resource);
  }
  for (const finding of troubled.filter(({ atBastion }) => !atBastion)) {
    const what =
      finding.state === "unusable"
        ? `cannot work on ${where(finding)}`
        : `no answer from ${where(finding)}`;
    await pulumi.log.warn(what, resource);
  }
  return new Map(troubled.map((finding) => [finding.node, finding]));
}

function wrongKeys(hosts: readonly string[]): string | undefined {
  return hosts.length === 0
    ? undefined
    : [
        "SSH host keys do not match; nothing was changed",
        ...hosts.map((host) => `  - ${host}`),
        "somebody may be in between; if the host was installed anew, mend the known_hosts file: ssh-keygen -R ADDRESS, then ssh-keyscan",
      ].join("\n");
}

/** Without the bastion nothing can be done: an `up` ends, and a preview says that it would. */
async function noWay({ reason }: Finding, resource: pulumi.Resource) {
  const message = `no host can be reached: ${reason}`;
  if (!pulumi.runtime.isDryRun()) {
    throw new pulumi.RunError(`${message}; nothing was changed`);
  }
  await pulumi.log.warn(message, resource);
}

/** A key or passphrase that is a secret can be read here only, after the other faults of the input. */
async function checkKey(credentials: Credentials): Promise<void> {
  const { privateKey, passphrase } = (await plainKey(credentials)) ?? {};
  const problem = privateKey && keyProblem(privateKey, passphrase);
  if (problem) {
    throw new pulumi.RunError(
      `ssh.privateKey and ssh.privateKeyPassphrase: ${problem}; nothing was changed`,
    );
  }
}
