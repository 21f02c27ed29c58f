import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { getEngine } from "../../lab/engine.ts";
import type { PluginName } from "../../lab/plugin.ts";
import { Stack } from "../../lab/stack.ts";

/** Makes stacks of the project for the tests of one file; they are gone after its last. */
export function cloudStacks(plugin: PluginName) {
  const home = mkdtempSync(join(tmpdir(), "pod-network-routes-clouds-"));
  after(() => rmSync(home, { recursive: true, force: true }));
  return async (
    name: string,
    config: string,
    env: Record<string, string>,
  ): Promise<Stack> => {
    const directory = join(home, name);
    mkdirSync(directory);
    const stack = new Stack(
      name,
      await getEngine(plugin),
      undefined, // everything is on loopback
      directory,
      // no credentials of whoever runs the tests
      { HOME: home, ...env },
    );
    stack.configure(config);
    await stack.init();
    return stack;
  };
}
