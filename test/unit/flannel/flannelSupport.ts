import assert from "node:assert/strict";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { FaultsError } from "../../../components/core/faults.ts";
import type { FlannelArgs } from "../../../components/flannel/flannelArgs.ts";
import { FlannelOverlay } from "../../../components/flannel/flannelOverlay.ts";
import {
  type FlannelPlan,
  readFlannelArgs,
} from "../../../components/flannel/flannelPlan.ts";
import {
  type CommandInputs,
  cluster,
  commands,
  type Registered,
  record,
} from "../mockedStack.ts";

/** A controller and two workers, whose pod CIDRs are in flannel's default network, and an SSH configuration without preflight. */
export const overlay = {
  nodes: [
    { name: "server", internalIp: "10.240.0.10" },
    { name: "node-0", internalIp: "10.240.0.20", podCidrs: ["10.244.1.0/24"] },
    { name: "node-1", internalIp: "10.240.0.21", podCidrs: ["10.244.2.0/24"] },
  ],
  ssh: cluster.ssh,
};

/** The same hosts with both address families. */
export const dualStack = {
  ssh: cluster.ssh,
  nodes: overlay.nodes.map(({ name, internalIp, podCidrs }, i) => ({
    name,
    internalIp: [internalIp, `fd00::${i + 1}`],
    ...(podCidrs && { podCidrs: [...podCidrs, `fd00:244:${i}::/64`] }),
  })),
};

/** The same hosts without IPv4. */
export const ipv6Only = {
  ssh: cluster.ssh,
  nodes: dualStack.nodes.map(({ name, internalIp, podCidrs }) => ({
    name,
    internalIp: internalIp.slice(1),
    ...(podCidrs && { podCidrs: podCidrs.slice(1) }),
  })),
};

export const bothNetworks = ["10.244.0.0/16", "fd00:244::/32"];

/** {@link overlay} with these keys of `flannel`. */
export function withFlannel(flannel: object, args: object = overlay) {
  return { ...args, flannel };
}

/** A plan of {@link overlay} with these keys of `flannel`. */
export function planOf(
  flannel: FlannelArgs = {},
  args: object = overlay,
): FlannelPlan {
  return readFlannelArgs(withFlannel(flannel, args));
}

/** Every fault of these arguments, as `path: message`. */
export function faultsOf(args: unknown): string[] {
  try {
    readFlannelArgs(args);
    return [];
  } catch (error) {
    assert.ok(error instanceof FaultsError);
    return error.faults.map(({ path, message }) => `${path}: ${message}`);
  }
}

/** One test per case, of a description, arguments, and all the faults that these have. */
export function testFaults(
  cases: readonly (readonly [
    what: string,
    args: object,
    ...faults: string[],
  ])[],
): void {
  for (const [what, args, ...faults] of cases) {
    test(`${what} is a fault`, () => {
      assert.deepEqual(faultsOf(args), faults);
    });
  }
}

/** Every fault of these keys of `flannel`. */
export function flannelFaults(
  flannel: object,
  args: object = overlay,
): string[] {
  return faultsOf(withFlannel(flannel, args));
}

/** A component that was declared to an engine that only records. */
export interface DeclaredOverlay {
  readonly component: FlannelOverlay;
  readonly registered: readonly Registered[];
  /** The inputs of its one command. */
  readonly command: CommandInputs;
}

/** Declares the component, and waits until everything about it is registered. */
export async function declareOverlay(
  args: object = overlay,
  name = "overlay",
): Promise<DeclaredOverlay> {
  const registered = await record();
  const component = new FlannelOverlay(name, args);
  await pulumi.runtime.disconnect();
  const [command, ...more] = Object.values(commands(registered));
  assert.deepEqual(more, []);
  assert.ok(command);
  return { component, registered, command };
}
