import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { FaultsError } from "./core/faults";
import type { Node } from "./core/inventory";
import { type Route, routesOf, routeTable } from "./core/plan";
import { diagram, routeTableText } from "./core/render";
import {
  type HostPlan,
  type HostPodRoutesArgs,
  readHostArgs,
} from "./hostArgs";
import { hostCommand, hostInput } from "./hostInput";
import { inputError } from "./inputError";
import { connection } from "./ssh/hosts";
import { type Finding, preflight } from "./ssh/preflight";

/**
 * Routes on bare Linux hosts: every host gets a route to every other node's pod CIDR through that
 * node's internal IP, forwards packets, and keeps its routes across reboots and network restarts.
 * One `command.remote.Command` a host does the work over SSH and undoes it when it is deleted.
 *
 * Throws a `pulumi.InputPropertiesError` that names all faults of its arguments.
 *
 * @example
 * new HostPodRoutes("routes", { machinesFile: "machines.txt", ssh: { privateKeyFile: "~/.ssh/id_ed25519" } });
 */
export class HostPodRoutes extends pulumi.ComponentResource {
  /** One route a pod CIDR, sorted numerically by destination. */
  readonly routeTable: pulumi.Output<Route[]>;
  /** The route table as aligned text. */
  readonly routeTableText: pulumi.Output<string>;
  /** The route table as a Mermaid flow chart. */
  readonly diagram: pulumi.Output<string>;
  /** By node name, how its routes are kept: `systemd`, or `none` on a host without systemd. */
  readonly persistence: pulumi.Output<Record<string, string>>;

  constructor(
    name: string,
    args: HostPodRoutesArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const plan = readOrThrow(args);
    const table = routeTable(plan.cluster);
    super(
      "pod-network-routes:index:HostPodRoutes",
      name,
      { routeTable: table },
      opts,
    );

    if (!plan.ssh.hostKeyCheck) {
      pulumi.log.warn(
        "ssh.hostKeyCheck is off: whoever answers at a host's address gets root's commands",
        this,
      );
    }
    const commands = this.createCommands(name, plan, table);

    this.routeTable = pulumi.output(table);
    this.routeTableText = pulumi.output(routeTableText(table));
    this.diagram = pulumi.output(diagram(table));
    this.persistence = this.persistenceOf(commands);
    this.registerOutputs({
      routeTable: this.routeTable,
      persistence: this.persistence,
    });
  }

  /**
   * One command a host. None is registered before every host has shown the right key; those of hosts
   * that do not answer come last, so that they hold up no other.
   */
  private createCommands(
    name: string,
    plan: HostPlan,
    table: readonly Route[],
  ): Map<string, remote.Command> {
    const commands = new Map<string, remote.Command>();
    const troubled = plan.ssh.preflight
      ? this.preflight(plan)
      : Promise.resolve(new Map<string, Finding>());
    for (const node of plan.cluster) {
      const after = troubled.then((findings): pulumi.Resource[] => {
        const answering = [...commands].filter(([n]) => !findings.has(n));
        return findings.has(node.name) ? answering.map(([, c]) => c) : [];
      });
      const command = new remote.Command(
        `${name}-${node.name}@${node.address.replaceAll(":", "_")}`,
        {
          connection: troubled.then((findings) =>
            connectionTo(node, plan, findings.get(node.name)),
          ),
          create: hostCommand("converge", sudo(plan)),
          delete: hostCommand("remove", sudo(plan)),
          stdin: hostInput({
            ...plan,
            owner: owner(name, plan),
            node,
            routes: routesFor(node, plan, table),
            named: namedOn(node, plan),
            table,
          }),
          addPreviousOutputInEnv: false,
          // The provider hangs on a host that prints a line of more than 64 KiB, if it shows the output.
          logging: remote.Logging.None,
        },
        { parent: this, dependsOn: after },
      );
      commands.set(node.name, command);
    }
    return commands;
  }

  /** What is wrong with which host that does not answer. Fails if any host has another key than expected. */
  private async preflight(plan: HostPlan): Promise<Map<string, Finding>> {
    const findings = await preflight(plan.hosts);
    const where = ({ node, reason }: Finding) =>
      `${node} (${plan.hosts.byNode.get(node)?.host}): ${reason}`;
    const wrong = findings.filter(({ state }) => state === "wrong key");
    if (wrong.length > 0) {
      throw new pulumi.RunError(
        [
          "SSH host keys do not match; nothing was changed",
          ...wrong.map((finding) => `  - ${where(finding)}`),
          "somebody may be in between; if the host was installed anew, mend the known_hosts file: ssh-keygen -R ADDRESS, then ssh-keyscan",
        ].join("\n"),
      );
    }
    const troubled = findings.filter(({ state }) => state !== "ok");
    for (const finding of troubled) {
      await pulumi.log.warn(`no answer from ${where(finding)}`, this);
    }
    return new Map(troubled.map((finding) => [finding.node, finding]));
  }

  /** What each host's command said about persistence. Warns, once, of hosts that have none. */
  private persistenceOf(
    commands: ReadonlyMap<string, remote.Command>,
  ): HostPodRoutes["persistence"] {
    const said = [...commands].map(
      ([node, command]) => [node, command.stdout] as const,
    );
    return pulumi.all(Object.fromEntries(said)).apply((stdouts) => {
      const found = Object.entries(stdouts).map(([node, stdout]) => {
        const [, persistence = "unknown"] =
          /^persistence: (\w+)$/m.exec(stdout ?? "") ?? [];
        return [node, persistence] as const;
      });
      const none = found
        .filter(([, persistence]) => persistence === "none")
        .map(([node]) => node);
      if (none.length > 0) {
        pulumi.log.warn(
          `without systemd: ${none.join(", ")}; routes there last until a reboot or a network restart`,
          this,
        );
      }
      return Object.fromEntries(found);
    });
  }
}

function readOrThrow(args: HostPodRoutesArgs): HostPlan {
  try {
    return readHostArgs(args);
  } catch (error) {
    throw error instanceof FaultsError ? inputError(error) : error;
  }
}

/**
 * How the provider reaches a node. It would wait for ever on a host that takes the connection and says
 * nothing; where preflight found one, it is given a port at which it fails at once, which no host has.
 */
function connectionTo(node: Node, plan: HostPlan, finding?: Finding) {
  const endpoint = plan.hosts.byNode.get(node.name);
  if (endpoint === undefined) {
    throw new Error(`no endpoint of ${node.name}`);
  }
  const usual = connection(endpoint, plan.hosts, plan.ssh);
  return finding?.state === "silent" && !pulumi.runtime.isDryRun()
    ? { ...usual, port: 0, dialErrorLimit: 0 }
    : usual;
}

function sudo({ ssh }: HostPlan): boolean {
  return ssh.sudo ?? ssh.user !== "root";
}

/** Unique among all stacks that may share a host. File backends call every organization "organization". */
function owner(name: string, plan: HostPlan): string {
  const organization = pulumi.getOrganization();
  const parts = [
    organization === "organization" ? [] : organization,
    pulumi.getProject(),
    pulumi.getStack(),
    name,
  ].flat();
  return plan.owner ?? parts.join(".").replace(/[^A-Za-z0-9._-]/g, "_");
}

function routesFor(
  node: Node,
  plan: HostPlan,
  table: readonly Route[],
): Route[] {
  return node.role === "controller" && !plan.controllerRoutes
    ? []
    : routesOf(node, table);
}

function namedOn(node: Node, plan: HostPlan): Node[] {
  const wanted = node.role === "controller" && plan.controllerHosts;
  return wanted
    ? plan.cluster.filter((other) => other.podCidrs.length > 0)
    : [];
}
