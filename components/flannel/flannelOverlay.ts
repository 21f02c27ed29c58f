import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { diagram, routeTableText } from "../inventory/renderedTable.ts";
import { type Route, routeTable } from "../inventory/routeTable.ts";
import { warnIfUnchecked } from "../ssh/hostCheck.ts";
import type { Gate } from "../stack/gate.ts";
import { orInputError } from "../stack/inputError.ts";
import { kept } from "../stack/kept.ts";
import { defaultOwner } from "../stack/owner.ts";
import { runError } from "../stack/runError.ts";
import type { FlannelOverlayArgs } from "./flannelArgs.ts";
import { isPsk, pskProblem } from "./flannelBackend.ts";
import { createFlannelCommand } from "./flannelCommand.ts";
import { manifest, toYaml } from "./flannelManifest.ts";
import { readFlannelArgs } from "./flannelPlan.ts";

/**
 * The flannel overlay, for hosts between which pod CIDRs cannot be routed: flanneld on every node wraps
 * packets to the pods of another node, and sends them to that node's internal IP. One `command.remote.Command`
 * on a controller applies the objects with kubectl, waits until every node has the overlay, and removes
 * them when it is deleted.
 *
 * Throws a `pulumi.InputPropertiesError` that names all faults of its arguments.
 *
 * @example
 * new FlannelOverlay("overlay", { machinesFile: "machines.txt", flannel: { interfaces: { names: ["enp0s8"] } } });
 */
export class FlannelOverlay extends pulumi.ComponentResource {
  /** One route per pod CIDR, sorted numerically by destination: which packets the overlay sends to which internal IP. */
  readonly routeTable: pulumi.Output<Route[]>;
  /** The route table as aligned text. */
  readonly routeTableText: pulumi.Output<string>;
  /** The route table as a Mermaid flow chart. */
  readonly diagram: pulumi.Output<string>;
  /** The objects of the overlay as YAML, as they are applied. A secret if there is a pre-shared key. */
  readonly manifestYaml: pulumi.Output<string>;

  /** @param gate only for a program that declares several components at once */
  constructor(
    name: string,
    args: FlannelOverlayArgs,
    opts?: pulumi.ComponentResourceOptions,
    gate?: Gate,
  ) {
    const plan = orInputError(() => readFlannelArgs(args));
    const table = routeTable(plan.cluster);
    super(
      "pod-network-routes:index:FlannelOverlay",
      name,
      { routeTable: table },
      opts,
    );
    warnIfUnchecked(plan.ssh, this);
    const owner = kept(`${name}-owner`, asLabel(defaultOwner(name)), this);
    const { psk } = plan.flannel.backend;
    const manifestYaml = pulumi
      .all([owner, psk === undefined ? undefined : pulumi.secret(psk)])
      .apply(([owned, key]) =>
        toYaml(
          manifest(plan, owned, key === undefined ? key : checkedPsk(key)),
        ),
      );
    createFlannelCommand(this, name, plan, owner, manifestYaml, gate);

    this.routeTable = pulumi.output(table);
    this.routeTableText = pulumi.output(routeTableText(table));
    this.diagram = pulumi.output(diagram(table));
    this.manifestYaml = manifestYaml;
    this.registerOutputs({
      routeTable: this.routeTable,
      manifestYaml: this.manifestYaml,
    });
  }
}

/** Checks a pre-shared key that is an output: its value is known only now, after all other arguments were checked. */
function checkedPsk(psk: string): string {
  if (!isPsk(psk)) {
    throw runError(`flannel.backend.psk ${pskProblem}; nothing was changed`);
  }
  return psk;
}

/** A name as the value of a label, which has at most 63 characters and begins and ends with a letter or digit. */
function asLabel(name: string): string {
  if (/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/.test(name)) {
    return name;
  }
  const hash = createHash("sha256").update(name).digest("hex").slice(0, 8);
  return `${name.slice(0, 54)}-${hash}`.replace(/^[^A-Za-z0-9]+/, "");
}
