import { spawnSync } from "node:child_process";
import { installTools } from "./base.ts";
import { run } from "./exec.ts";
import { packageFaults } from "./packages.ts";
import { root } from "./paths.ts";

/** Types, lint and format, unused code, shell scripts, packages: all are looked at, then it fails if one has a fault. */
export async function check(): Promise<number> {
  const checks = [
    ["node_modules/.bin/tsc"],
    ["node_modules/.bin/biome", "check", "--error-on-warnings", "."],
    ["node_modules/.bin/knip"],
    ...(await shellChecks()),
  ];
  const failed = checks.filter(([command = "", ...args]) => {
    const { status } = spawnSync(command, args, {
      cwd: root,
      stdio: "inherit",
    });
    return status !== 0;
  });
  const packages = await packageFaults();
  for (const fault of packages) {
    console.error(`package-lock.json: ${fault}`);
  }
  const names = [
    ...failed.map(([command]) => command?.replace(/.*\//, "")),
    ...(packages.length === 0 ? [] : ["packages"]),
  ];
  console.log(
    names.length === 0
      ? "check: clean"
      : `check: failed in ${names.join(", ")}`,
  );
  return names.length === 0 ? 0 : 1;
}

/** shellcheck is no npm package: where it cannot be had, it is left out, but not in CI. */
async function shellChecks(): Promise<string[][]> {
  try {
    await installTools("shellcheck");
  } catch (error) {
    if (process.env.CI === "true") {
      throw error;
    }
    console.log(`Left out: shellcheck (${(error as Error).message})`);
    return [];
  }
  const scripts = await run("git", ["ls-files", "*.sh", ".ci/run"], {
    cwd: root,
  });
  return [["shellcheck", ...scripts.trim().split("\n")]];
}
