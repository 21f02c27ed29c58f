import * as pulumi from "@pulumi/pulumi";
import { FaultsError } from "../components/core/faults.ts";
import { Gate } from "../components/stack/gate.ts";
import type { PodRoutes, Target } from "../components/stack/target.ts";
import { readme } from "./readme.ts";

/** A target of the stack, and the arguments of its component, unchecked. */
export interface TargetConfig {
  readonly target: Target;
  readonly args: Record<string, unknown>;
}

/** The names of what the stack outputs for a target. */
export function outputNames({ outputs }: Target): string[] {
  return ["routeTable", "routeTableText", "diagram", ...outputs, "readme"];
}

/** Declares the components of all targets; returns what the stack is to output. */
export async function declareAll(
  configs: readonly TargetConfig[],
): Promise<Record<string, unknown>> {
  const gate = configs.length > 1 ? new Gate(configs.length) : undefined;
  try {
    const all = await Promise.all(
      configs.map(({ target, args }) => declare(target, args, gate)),
    );
    // of outputs with the same name, those of the first target are kept
    return Object.assign({}, ...all.reverse());
  } catch (error) {
    gate?.fail(error);
    throw error;
  }
}

/** Declares the component of a target; returns what the stack is to output. */
export async function declare(
  target: Target,
  args: object,
  gate?: Gate,
): Promise<Record<string, unknown>> {
  const component = await withPackageErrors(() => target.declare(args, gate));
  const outputs = { ...component, readme: readmeOf(target, component) };
  const values = new Map<string, unknown>(Object.entries(outputs));
  return Object.fromEntries(
    outputNames(target).map((name) => [name, values.get(name)]),
  );
}

function readmeOf(target: Target, component: PodRoutes): pulumi.Output<string> {
  return pulumi
    .all([component.routeTable, target.lookCommand(component)])
    .apply(([table, command]) => readme(table, pulumi.getStack(), command));
}

/** Runs `body`; if the SDK of a cloud is not installed, the error names it. The SDKs are optional because they are large. */
async function withPackageErrors<T>(body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    const { code, message = "" } = error as NodeJS.ErrnoException;
    const [, sdk] = /Cannot find package '(@pulumi\/\w+)/.exec(message) ?? [];
    if (code !== "ERR_MODULE_NOT_FOUND" || sdk === undefined) {
      throw error;
    }
    const missing = `needs ${sdk}, which is not installed: npm ci`;
    throw new FaultsError("a package is missing", [
      { path: "target", message: missing },
    ]);
  }
}
