import type { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { diagram, routeTableText } from "../inventory/renderedTable.ts";
import { type Route, routeTable } from "../inventory/routeTable.ts";
import { warnIfUnchecked } from "../ssh/hostCheck.ts";
import type { Gate } from "../stack/gate.ts";
import { orInputError } from "../stack/inputError.ts";
import { type HostPodRoutesArgs, readHostArgs } from "./hostArgs.ts";
import { createHostCommands } from "./hostCommands.ts";
import { recordedWants } from "./hostWants.ts";

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

  /** @param gate only for a program that declares several components at once */
  constructor(
    name: string,
    args: HostPodRoutesArgs,
    opts?: pulumi.ComponentResourceOptions,
    gate?: Gate,
  ) {
    const plan = orInputError(() => readHostArgs(args));
    const table = routeTable(plan.cluster);
    super(
      "pod-network-routes:index:HostPodRoutes",
      name,
      recordedWants(plan),
      opts,
    );

    warnIfUnchecked(plan.ssh, this);
    if (plan.hostRoutes && plan.separateSubnets !== undefined) {
      pulumi.log.warn(
        `${plan.separateSubnets}: a host takes a next hop only on a network that it is connected to; if a router is in between, have that hold the routes, or use an overlay (target flannel)`,
        this,
      );
    }
    const commands = createHostCommands(this, name, plan, gate);

    this.routeTable = pulumi.output(table);
    this.routeTableText = pulumi.output(routeTableText(table));
    this.diagram = pulumi.output(diagram(table));
    this.persistence = this.persistenceOf(commands);
    this.registerOutputs({
      routeTable: this.routeTable,
      persistence: this.persistence,
    });
  }

  /** What each host's command said about persistence. Warns, once, of hosts that have none. */
  private persistenceOf(
    commands: Promise<ReadonlyMap<string, remote.Command>>,
  ): HostPodRoutes["persistence"] {
    const said = commands.then((all) =>
      Object.fromEntries(
        [...all].map(([node, command]) => [node, command.stdout] as const),
      ),
    );
    return pulumi.output(said).apply((stdouts) => {
      const found = Object.entries(stdouts).map(([node, stdout]) => {
        const [, persistence = "unknown"] =
          /^persistence: (systemd|none)$/m.exec(stdout ?? "") ?? [];
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
