import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { base, installTools, labObstacle } from "./base";
import { getEngine } from "./engine";
import { Lab } from "./lab";
import { root } from "./paths";

/** The tiers of the tests, folders under test/. Those marked need the lab. */
const tiers = { project: false, core: false, components: false, engine: true };

/**
 * Runs the tests that this machine can run, and says which it left out.
 *
 * @param only paths of test files, to run these alone
 */
export async function test(only: readonly string[]): Promise<number> {
  const obstacle = labObstacle();
  const run = Object.entries(tiers).filter(
    ([, needsLab]) => !needsLab || obstacle === undefined,
  );
  const leftOut = Object.keys(tiers).filter(
    (tier) => !run.some(([name]) => name === tier),
  );
  if (obstacle === undefined) {
    await installTools(
      "ip",
      "ping",
      "ssh-keygen",
      "mmdebstrap",
      "systemd-nspawn",
      "shellcheck",
    );
    await Lab.sweep();
    await base();
    const engine = await getEngine("command");
    console.log(
      `Engine: ${engine.origin}; stand-ins (lab/standin): ${engine.standIns.join(", ") || "none"}`,
    );
  }
  const files =
    only.length > 0
      ? only
      : run.flatMap(([tier]) => testsIn(join("test", tier)));
  const { status } = spawnSync(
    process.execPath,
    [
      "--require=ts-node/register/transpile-only",
      "--test",
      "--test-concurrency=2",
      "--test-timeout=900000",
      "--test-reporter=spec",
      "--test-reporter-destination=stdout",
      ...files,
    ],
    { cwd: root, stdio: "inherit" },
  );
  if (leftOut.length > 0) {
    console.log(`Left out: ${leftOut.join(", ")} (${obstacle})`);
  }
  return status !== 0 || (leftOut.length > 0 && process.env.CI === "true")
    ? 1
    : 0;
}

function testsIn(directory: string): string[] {
  return readdirSync(join(root, directory))
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => join(directory, name));
}
