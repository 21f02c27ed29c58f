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

  /** One command a host. None is registered before every host has shown the right key; those of hosts that do not answer come last, so that they hold up no other. */
  private createCommands(
    name: string,
    plan: HostPlan,
    table: readonly Route[],
  ) {
    const commands = new Map<string, remote.Command>();
    const unreachable = plan.ssh.preflight
      ? this.preflight(plan)
      : Promise.resolve([]);
    for (const node of plan.cluster) {
      const endpoint = plan.hosts.byNode.get(node.name);
      if (endpoint === undefined) {
        throw new Error(`no endpoint of ${node.name}`);
      }
      const after = unreachable.then((dead) =>
        dead.includes(node.name)
          ? [...commands]
              .filter(([other]) => !dead.includes(other))
              .map(([, command]) => command)
          : [],
      );
      const command = new remote.Command(
        `${name}-${node.name}@${node.address.replaceAll(":", "_")}`,
        {
          connection: connection(endpoint, plan.hosts, plan.ssh),
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
        },
        { parent: this, dependsOn: after },
      );
      commands.set(node.name, command);
    }
    return commands;
  }

  /** Names of the hosts that did not answer. Fails if any host has another key than expected. */
  private async preflight(plan: HostPlan): Promise<string[]> {
    const findings = await preflight(plan.hosts);
    const where = ({ node, reason }: Finding) =>
      `${node} (${plan.hosts.byNode.get(node)?.host}): ${reason}`;
    const wrong = findings.filter((finding) => finding.state === "wrong key");
    if (wrong.length > 0) {
      throw new pulumi.RunError(
        [
          "SSH host keys do not match; nothing was changed",
          ...wrong.map((finding) => `  - ${where(finding)}`),
          "somebody may be in between; if the host was installed anew, mend the known_hosts file: ssh-keygen -R ADDRESS, then ssh-keyscan",
        ].join("\n"),
      );
    }
    const unreachable = findings.filter(
      (finding) => finding.state === "unreachable",
    );
    for (const finding of unreachable) {
      await pulumi.log.warn(`no answer from ${where(finding)}`, this);
    }
    return unreachable.map((finding) => finding.node);
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
