import { isDeepStrictEqual } from "node:util";
import * as pulumi from "@pulumi/pulumi";
import { allConfig } from "@pulumi/pulumi/runtime/index.js";
import { z } from "zod";
import {
  type Fault,
  Faults,
  FaultsError,
  show,
} from "../components/core/faults.ts";
import { unwrapped } from "../components/core/schema.ts";
import { givenSource, isSourceFault } from "../components/inventory/sources.ts";
import { runError } from "../components/stack/runError.ts";
import type { Target } from "../components/stack/target.ts";
import type { TargetConfig } from "./declareTargets.ts";
import { secretKeys, wrapSecrets } from "./secrets.ts";
import { readStackInventory } from "./stackInventory.ts";
import { targets } from "./targets.ts";

/**
 * Reads the stack's configuration: every key of the project's namespace is an argument of the
 * component of a target; only nodes that another stack gives are read here. Throws a
 * `pulumi.RunError` that names everything wrong with it. The arguments of one target, if nothing
 * else is wrong, are left to its component, which checks them before it declares anything.
 */
export async function readConfig(): Promise<TargetConfig[]> {
  const faults = new Faults();
  const { target = targets[0].name, ...all } = rawConfig(faults);
  const wanted = readTargets(target, faults);
  if (all.inventory !== undefined) {
    all.inventory = await readStackInventory(all.inventory, faults);
  }
  const given = argumentsOf(wanted, all, faults);
  checkOverlay(given, faults);
  const configs = given.map(({ target, args }) => ({
    target,
    args: wrapSecrets(target.schema.shape, args, faults),
  }));
  return userErrors(() => {
    if (faults.all.length > 0 || configs.length > 1) {
      checkTargets(configs, faults);
    }
    return configs;
  });
}

/** Throws one FaultsError with all faults of the arguments of all targets; a fault that two of them have is reported once. */
function checkTargets(configs: readonly TargetConfig[], faults: Faults): void {
  if (configs.length > 1) {
    checkCommonSource(configs, faults);
  }
  const before = [...faults.all];
  const said = new Set(before.map(identity));
  for (const { target, args } of configs) {
    const own = new Faults();
    own.all.push(...before);
    try {
      target.check(args, own);
    } catch (error) {
      if (!(error instanceof FaultsError)) {
        throw error;
      }
    }
    for (const fault of own.all.slice(before.length)) {
      if (!said.has(identity(fault))) {
        said.add(identity(fault));
        faults.all.push(fault);
      }
    }
  }
  faults.throwIfAny("the configuration cannot be used");
}

/** Faults of several targets with the same identity are reported once. A missing source is one fault, though targets list different sources. */
function identity(fault: Fault): string {
  return isSourceFault(fault) ? "source" : JSON.stringify(fault);
}

/** The targets share an inventory: adds a fault if it is not in a source that all of them know. */
function checkCommonSource(
  configs: readonly TargetConfig[],
  faults: Faults,
): void {
  const sources = ["nodes", "machinesFile", "inventory", "instances"] as const;
  const known = sources.filter((key) =>
    configs.every(({ target }) => Object.hasOwn(target.schema.shape, key)),
  );
  const given: Record<string, unknown> = Object.assign(
    {},
    ...configs.map(({ args }) => args),
  );
  givenSource(given, known, faults);
}

/** One target, or several with a plus in between; the default, if there is a fault. */
function readTargets(text: unknown, faults: Faults): Target[] {
  const names = typeof text === "string" ? text.split("+") : [text];
  const good = names.flatMap((name) => targets.filter((t) => t.name === name));
  if (good.length < names.length || new Set(names).size < names.length) {
    faults.add(
      "target",
      `${show(text)} is not a target, expected ${targets.map(({ name }) => name).join(" or ")}, or two of them with a plus in between`,
    );
    return [targets[0]];
  }
  return good;
}

/**
 * Gives each target the keys that it knows. Pulumi.yaml sets the keys of all targets to their defaults; a key of
 * another target with any other value is a fault.
 */
function argumentsOf(
  wanted: readonly Target[],
  all: Record<string, unknown>,
  faults: Faults,
): TargetConfig[] {
  const configs = wanted.map((target): TargetConfig => ({ target, args: {} }));
  for (const [key, value] of Object.entries(all)) {
    const owners = targets.filter(({ schema }) =>
      Object.hasOwn(schema.shape, key),
    );
    const users = configs.filter(({ target }) => owners.includes(target));
    // a key of no target goes to the first one's schema, which suggests the nearest key
    for (const { args } of owners.length === 0 ? configs.slice(0, 1) : users) {
      args[key] = value;
    }
    const unused = owners.length > 0 && users.length === 0;
    if (unused && !owners.some((owner) => isDefault(owner, key, value))) {
      const used = wanted.map(({ name }) => name).join("+");
      const others = owners.map(({ name }) => name).join(" and ");
      faults.add(key, `target ${used} does not use it, only ${others}`);
    }
  }
  return configs;
}

function isDefault({ schema }: Target, key: string, value: unknown): boolean {
  const field = schema.shape[key];
  return (
    field instanceof z.ZodDefault &&
    isDeepStrictEqual(field.parse(undefined), value)
  );
}

/** Runs `body`; a mistake of the user ends the program with its message alone. */
export async function userErrors<T>(body: () => T | Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (
      error instanceof FaultsError ||
      pulumi.InputPropertiesError.isInstance(error)
    ) {
      throw runError((error as Error).message);
    }
    throw error;
  }
}

/**
 * Every key of the project's namespace that is given: Pulumi.yaml has to declare an empty default for
 * each that may be left out. The engine gives every value as text; values of other types are JSON.
 */
function rawConfig(faults: Faults): Record<string, unknown> {
  const prefix = `${pulumi.getProject()}:`;
  const own = Object.entries(allConfig()).filter(([key]) =>
    key.startsWith(prefix),
  );
  return Object.fromEntries(
    own
      .filter(([, text]) => !["", "[]", "{}"].includes(text))
      .map(([key, text]) => {
        const name = key.slice(prefix.length);
        return [name, isText(name) ? text : fromJson(key, name, text, faults)];
      }),
  );
}

function isText(name: string): boolean {
  return (
    name === "target" ||
    targets.some(({ schema }) => {
      const field = schema.shape[name];
      const inner = field && unwrapped(field);
      return inner instanceof z.ZodString || inner instanceof z.ZodEnum;
    })
  );
}

/** A secret that is no JSON is a fault that does not show it. Other text is left to the schema, which says what is expected. */
function fromJson(
  key: string,
  name: string,
  text: string,
  faults: Faults,
): unknown {
  try {
    return JSON.parse(text);
  } catch {
    if (!secretKeys().includes(key)) {
      return text;
    }
    faults.add(
      name,
      "is a secret that is not in JSON, set its keys one by one: pulumi config set --secret --path",
    );
    return undefined;
  }
}

/** Adds a fault for each target that would route the pod CIDRs beside an overlay. */
function checkOverlay(configs: readonly TargetConfig[], faults: Faults): void {
  const overlay = configs.find(({ target }) => target.isOverlay)?.target;
  if (overlay === undefined) {
    return;
  }
  for (const { target, args } of configs.filter((c) => c.target !== overlay)) {
    const { name, routesIf } = target;
    const both = `${overlay.name} and ${name} would both route every pod CIDR`;
    if (routesIf === undefined) {
      faults.add("target", `${both}, expected one of them`);
    } else if (args[routesIf.key] !== false) {
      faults.add(
        routesIf.key,
        `${both}; with ${routesIf.key}: false ${routesIf.otherwise}, or set target to one of the two`,
      );
    }
  }
}
