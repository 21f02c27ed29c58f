import assert from "node:assert/strict";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { root } from "../../lab/paths.ts";
import { blocksRunBy } from "../readmeBlocks.ts";
import { ReadmeUser } from "./readmeUser.ts";

const workers = { "worker-0": 20, "worker-1": 21, "worker-2": 22 };
const user = new ReadmeUser("10.240.0", { "controller-0": 10, ...workers });

it("README's commands for stack references work as they stand", async () => {
  const modules = join(user.clone, "node_modules");
  symlinkSync(join(root, "node_modules"), modules);
  const says = (commands: string) => user.runs(commands, "inside");
  const [first = "", more = "", consumer = ""] = blocksRunBy(
    "test/engine/readmeStacks.test.ts",
  );
  await says(first);
  const toWorker1 = "10.200.1.0/24 via 10.240.0.21 dev eth0";
  assert.equal(await user.table("worker-0"), toWorker1);

  const preview = await says(more);
  assert.match(preview, /\+ route 10\.200\.2\.0\/24 via 10\.240\.0\.22/);
  assert.equal(await user.table("worker-0"), toWorker1, "only previewed");

  await says("pulumi up");
  const output = await says(`${consumer}\npulumi stack output podCidrs`);
  assert.match(output, /"10\.200\.2\.0\/24"/);
});
