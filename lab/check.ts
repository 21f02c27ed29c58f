import { spawnSync } from "node:child_process";
import { installTools } from "./base";
import { run } from "./exec";
import { root } from "./paths";

/** Types, lint and format, unused code, shell scripts: all are run, then it fails if one did. */
export async function check(): Promise<number> {
  await installTools("shellcheck");
  const scripts = (
    await run("git", ["ls-files", "*.sh", ".ci/run"], { cwd: root })
  )
    .trim()
    .split("\n");
  const checks = [
    ["tsc", "--noCheck", "false"],
    ["biome", "check", "--error-on-warnings", "."],
    ["knip"],
    ["shellcheck", ...scripts],
  ];
  const failed = checks.filter(([command = "", ...args]) => {
    const installed =
      command === "shellcheck" ? command : `node_modules/.bin/${command}`;
    return (
      spawnSync(installed, args, { cwd: root, stdio: "inherit" }).status !== 0
    );
  });
  const names = failed.map(([command]) => command).join(", ");
  console.log(
    failed.length === 0 ? "check: clean" : `check: failed in ${names}`,
  );
  return failed.length === 0 ? 0 : 1;
}
