import assert from "node:assert/strict";
import { join } from "node:path";
import { before, it } from "node:test";
import { getEngine } from "../lab/engine.ts";
import type { PluginName } from "../lab/plugin.ts";
import {
  ComponentStack,
  type Components,
  type ComponentType,
} from "./componentStack.ts";
import { failed } from "./programStack.ts";
import { temporaryDirectory } from "./temporaryDirectory.ts";

/** A component of a cloud, and what a test needs to know of that. */
interface Subject {
  readonly plugin: PluginName;
  readonly type: ComponentType;
  readonly args: () => object;
  readonly env: () => Record<string, string>;
  /** The routes that the cloud holds. */
  readonly routes: () => Promise<unknown>;
}

/** What holds for the routes of every cloud, whatever stack, project and component are called. Tests of one suite. */
export function keepsItsRoutes({ plugin, type, ...cloud }: Subject): void {
  const directory = temporaryDirectory("kept");
  const newStack = async (name: string, parent: string) => {
    const engine = await getEngine(plugin);
    const env = { HOME: directory, ...cloud.env() };
    const within = join(directory, parent);
    return new ComponentStack(name, engine, env, within).init();
  };
  const called = (name: string, ...old: string[]): Components => ({
    [name]: {
      type,
      args: cloud.args(),
      opts: { aliases: old.map((one) => ({ name: one })) },
    },
  });
  let stack: ComponentStack;
  let made: unknown;

  before(async () => {
    stack = await newStack("dev", "one");
    await stack.up(called("pods"));
    made = await cloud.routes();
  });

  it("stay when stack and project are renamed", async () => {
    await stack.changesNothing(called("pods"));
    await stack.rename("prod", "ours");
    await stack.changesNothing(called("pods"));
  });

  it("stay when the stack moves to another backend", async () => {
    const elsewhere = await newStack("prod", "two");
    await elsewhere.rename("prod", "ours");
    await stack.moveTo(elsewhere);
    stack = elsewhere;
    await stack.changesNothing(called("pods"));
  });

  it("stay when the component is renamed with an alias", async () => {
    await stack.changesNothing(called("network", "pods"));
    await stack.changesNothing(called("network"));
    assert.deepEqual(await cloud.routes(), made);
  });

  it("stay when the component is renamed without one", async () => {
    const plan = await stack.plan(called("net"));
    assert.deepEqual(plan, { create: ["net"], delete: ["network"] });
    await stack.up(called("net"));
    assert.deepEqual(await cloud.routes(), made);
    await stack.changesNothing(called("net"));
  });

  it("stay where a second component of the stack wants the same, which is refused", async () => {
    const both = { ...called("net"), ...called("second") };
    const said = failed(await stack.run(both, "preview"));
    assert.match(said, /Duplicate resource URN 'urn:pulumi:prod::ours::/);
    assert.deepEqual(await cloud.routes(), made);
  });

  it("are taken over by a stack whose state was lost, with adoptExisting", async () => {
    const anew = await newStack("anew", "three");
    const said = failed(await anew.run(called("net"), "preview"));
    assert.match(said, /pulumi config set adoptExisting true/);
    const args = { ...cloud.args(), adoptExisting: true };
    const adopting = { net: { type, args } };
    await anew.up(adopting);
    assert.deepEqual(await cloud.routes(), made);
    await anew.changesNothing(adopting);
  });
}
