import assert from "node:assert/strict";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { environment, getEngine } from "../../lab/engine.ts";
import { run } from "../../lab/exec.ts";
import { Lab } from "../../lab/lab.ts";
import { root } from "../../lab/paths.ts";
import { blocksRunBy } from "../readmeBlocks.ts";
import { plainHosts } from "./scenario.ts";

it("README's commands for stack references work as they stand", async () => {
  const home = mkdtempSync(join(tmpdir(), "pod-network-routes-stacks-"));
  const clone = join(home, "pod-network-routes");
  const lab = await Lab.raise(`s${process.pid}`, ["10.240.0.1/24"]);
  try {
    await run("git", ["clone", "-q", root, clone]);
    symlinkSync(join(root, "node_modules"), join(clone, "node_modules"));
    const workers = { "worker-0": 20, "worker-1": 21, "worker-2": 22 };
    await lab.add(
      ...plainHosts("10.240.0", { "controller-0": 10, ...workers }),
    );
    mkdirSync(join(home, ".ssh"));
    copyFileSync(lab.key, join(home, ".ssh/id_ed25519"));
    copyFileSync(lab.knownHosts, join(home, ".ssh/known_hosts"));
    const env = {
      ...environment(await getEngine("command"), home),
      HOME: home,
      PULUMI_CONFIG_PASSPHRASE: "a test's",
      // what a person answers to `pulumi up`
      PULUMI_SKIP_CONFIRMATIONS: "true",
    };
    const says = async (commands: string) =>
      run("ip", ["netns", "exec", lab.netns, "sh", "-e", "-c", commands], {
        cwd: clone,
        env,
      });

    const [first = "", more = "", consumer = ""] = blocksRunBy(
      "test/engine/readmeStacks.test.ts",
    );
    await says(first);
    const table = () => lab.on("worker-0", "ip route show proto 173");
    const toWorker1 = "10.200.1.0/24 via 10.240.0.21 dev eth0";
    assert.equal((await table()).trim(), toWorker1);

    const preview = await says(more);
    assert.match(preview, /\+ route 10\.200\.2\.0\/24 via 10\.240\.0\.22/);
    assert.equal((await table()).trim(), toWorker1, "only previewed");

    await says("pulumi up");
    const output = await says(`${consumer}\npulumi stack output podCidrs`);
    assert.match(output, /"10\.200\.2\.0\/24"/);
  } finally {
    await lab.down();
    rmSync(home, { recursive: true, force: true });
  }
});
