import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Stack } from "../../lab/stack.ts";
import { faultsIn, says, upFails } from "../stacks.ts";
import { plainHosts, Scenario } from "./scenario.ts";

describe("hosts that are reached by their names", () => {
  const scenario = new Scenario(
    plainHosts("10.240.0", { "node-0": 20, "node-1": 21, "node-2": 22 }),
  );
  let own: string;
  let stack: Stack;

  const node = (i: number, address?: string) => ({
    name: `node-${i}`,
    internalIp: `10.240.0.2${i}`,
    podCidrs: [`10.200.${i}.0/24`],
    ...(address && { address }),
  });
  /** Has the resolver look up names in /etc/hosts, or ask a name server, of which there is none in a lab. */
  const resolve = (by: "files" | "dns") =>
    writeFileSync(join(own, "nsswitch.conf"), `hosts: ${by}\n`);

  before(async () => {
    // `ip netns exec` puts the files of this directory into /etc
    own = join("/etc/netns", scenario.lab.netns);
    mkdirSync(own, { recursive: true });
    stack = await scenario.stack("names", {});
  });
  after(() => rmSync(own, { recursive: true, force: true }));

  const keys = async (...names: string[]) => {
    const one = await scenario.lab.on(
      "node-1",
      "cat /etc/ssh/*_ed25519_key.pub",
    );
    return Object.fromEntries(names.map((name) => [name, one.trim()]));
  };

  it("are not changed if a name does not exist: a preview and an up say all such names", async () => {
    resolve("files");
    const hostKeys = await keys("node-1", "node-2");
    scenario.configure(stack, {
      nodes: [node(0), node(1, "node-1.exampel"), node(2, "node-2.exampel")],
      ssh: { ...scenario.ssh, hostKeys },
    });
    const before = await scenario.everything("node-0");
    for (const said of [
      says(await stack.pulumi(["preview"])),
      await upFails(stack),
    ]) {
      assert.deepEqual(
        faultsIn(said).map((fault) => fault.split(" ").slice(0, 4).join(" ")),
        [
          'nodes[1].address: "node-1.exampel" of node-1',
          'nodes[2].address: "node-2.exampel" of node-2',
        ],
      );
      assert.doesNotMatch(said, /command:remote:Command/);
    }
    assert.equal(await scenario.everything("node-0"), before);
  });

  it("are not changed if the name of the bastion does not exist", async () => {
    resolve("files");
    const hostKeys = await keys("bastion");
    scenario.configure(stack, {
      nodes: [node(0), node(1)],
      ssh: {
        ...scenario.ssh,
        hostKeys,
        bastion: { host: "way.exampel" },
      },
    });
    const said = says(await stack.pulumi(["preview"]));
    assert.deepEqual(
      faultsIn(said).map((fault) => fault.split(" ").slice(0, 2).join(" ")),
      ['ssh.bastion.host: "way.exampel"'],
    );
  });

  it("hold up no other if no name server answers", async () => {
    resolve("dns");
    const hostKeys = await keys("node-1");
    scenario.configure(stack, {
      nodes: [node(0), node(1, "node-1.example"), node(2)],
      ssh: { ...scenario.ssh, hostKeys },
    });
    assert.match(await stack.must(["preview"]), /no answer from node-1/);
    await upFails(stack);
    assert.equal((await scenario.table("node-0")).length, 2);
    await stack.pulumi(["destroy", "--yes", "--skip-preview"]);
  });
});
