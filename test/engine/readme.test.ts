import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { environment, getEngine } from "../../lab/engine.ts";
import { run } from "../../lab/exec.ts";
import { Lab } from "../../lab/lab.ts";
import { root } from "../../lab/paths.ts";
import { blocksRunBy } from "../readmeBlocks.ts";
import { plainHosts } from "./scenario.ts";

it("README's commands for one's own hosts work as they stand", async () => {
  const home = mkdtempSync(join(tmpdir(), "pod-network-routes-readme-"));
  const clone = join(home, "pod-network-routes");
  const lab = await Lab.raise(`r${process.pid}`, ["198.19.249.1/24"]);
  try {
    await run("git", ["clone", "-q", root, clone]);
    await lab.add(
      ...plainHosts("198.19.249", { server: 33, "node-0": 34, "node-1": 136 }),
    );
    mkdirSync(join(home, ".ssh"));
    copyFileSync(lab.key, join(home, ".ssh/id_ed25519"));
    copyFileSync(lab.knownHosts, join(home, ".ssh/known_hosts"));

    const engine = await getEngine("command");
    const env = {
      ...environment(engine, home),
      HOME: home,
      npm_config_cache: join(homedir(), ".npm"),
      PULUMI_CONFIG_PASSPHRASE: "a test's",
      // what a person answers to `pulumi up`
      PULUMI_SKIP_CONFIRMATIONS: "true",
    };
    // npm needs the way out that the lab does not have, so it runs outside
    const [machines = "", commands = "", verify = ""] = blocksRunBy(
      "test/engine/readme.test.ts",
    );
    const [install = "", ...rest] = commands.trim().split("\n");
    await run("sh", ["-e", "-c", `${machines}\n${install}`], {
      cwd: clone,
      env,
    });
    await run(
      "ip",
      ["netns", "exec", lab.netns, "sh", "-e", "-c", rest.join("\n")],
      { cwd: clone, env },
    );

    const table = await lab.on("node-0", "ip route show proto 173");
    assert.equal(table.trim(), "10.200.1.0/24 via 198.19.249.136 dev eth0");
    const verified = await run(
      "ip",
      ["netns", "exec", lab.netns, "sh", "-e", "-c", verify],
      { cwd: clone, env },
    );
    assert.match(verified, /\nAll is as the stack says\.\n$/);
  } finally {
    await lab.down();
    rmSync(home, { recursive: true, force: true });
  }
});
