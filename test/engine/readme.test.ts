import assert from "node:assert/strict";
import { it } from "node:test";
import { blocksRunBy } from "../readmeBlocks.ts";
import { ReadmeUser } from "./readmeUser.ts";

const hosts = { server: 33, "node-0": 34, "node-1": 136 };
const user = new ReadmeUser("198.19.249", hosts);

it("README's commands for one's own hosts work as they stand", async () => {
  const [machines = "", commands = "", verify = ""] = blocksRunBy(
    "test/engine/readme.test.ts",
  );
  const [install = "", ...rest] = commands.trim().split("\n");
  await user.runs(`${machines}\n${install}`, "outside");
  await user.runs(rest.join("\n"), "inside");

  const toNode1 = "10.200.1.0/24 via 198.19.249.136 dev eth0";
  assert.equal(await user.table("node-0"), toNode1);
  const verified = await user.runs(verify, "inside");
  assert.match(verified, /\nAll is as the stack says\.\n$/);
});
