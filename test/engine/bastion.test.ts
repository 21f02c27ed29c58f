import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Stack } from "../../lab/stack.ts";
import { upFails } from "../stacks.ts";
import { plainHosts, Scenario, workerHosts, workers } from "./scenario.ts";

const many = 30;
const nodes = workers(many);

describe("hosts behind one bastion", () => {
  const scenario = new Scenario([
    ...plainHosts("10.240.0", { bastion: 2 }),
    ...workerHosts(many),
  ]);
  let stack: Stack;
  const configure = (healInterval: number) =>
    scenario.configure(stack, {
      nodes,
      healInterval,
      ssh: {
        ...scenario.ssh,
        connectTimeout: 5,
        bastion: { host: "10.240.0.2" },
      },
    });

  it("are all changed at once, though its sshd turns some away", async () => {
    // of more than three that have not logged in yet; ten is usual, where logging in takes longer
    const limit = "MaxStartups 3:30:20";
    await scenario.lab.on(
      "bastion",
      `sed -i 's/MaxStartups.*/${limit}/' /etc/ssh/sshd_config.d/lab.conf; sshd -T | grep -iqx '${limit}' && kill -HUP 1`,
    );
    stack = await scenario.stack("many", {});
    const all = ["--parallel", String(many)];
    for (const healInterval of [10, 11]) {
      configure(healInterval);
      await stack.must(["up", "--yes", "--skip-preview", ...all]);
    }
    assert.equal((await scenario.table("worker-0")).length, many - 1);
  });

  it("are left alone while nobody can log in there, which preview says", async () => {
    await scenario.lab.kill("bastion");
    configure(12);
    const reason = /no host can be reached: bastion 10\.240\.0\.2: /;
    const previewed = await stack.must(["preview"]);
    assert.match(previewed, reason);
    assert.doesNotMatch(previewed, /no answer from/);
    const said = await upFails(stack);
    assert.match(said, new RegExp(`${reason.source}.*; nothing was changed`));
    assert.doesNotMatch(said, /command:remote:Command/);
  });
});
