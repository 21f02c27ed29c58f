import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, it } from "node:test";
import { tryRun } from "../../lab/exec.ts";
import { Lab } from "../../lab/lab.ts";
import { root } from "../../lab/paths.ts";
import { plainHosts } from "./scenario.ts";
import { traces } from "./traces.ts";

describe("the lab", () => {
  it("does not disturb another one with the same names and addresses", async () => {
    const ids = [`l${process.pid}`, `m${process.pid}`];
    const labs = await Promise.all(
      ids.map((id) => Lab.raise(id, ["10.240.0.1/24"])),
    );
    const [one, two] = labs;
    try {
      await Promise.all(
        labs.map((lab) => lab.add(...plainHosts("10.240.0", { node: 20 }))),
      );
      await one?.on("node", "ip route add 10.200.1.0/24 via 10.240.0.1");
      assert.match((await one?.on("node", "ip route")) ?? "", /10\.200\.1\.0/);
      assert.doesNotMatch((await two?.on("node", "ip route")) ?? "", /10\.200/);
      await one?.down();
      assert.equal(await two?.on("node", "hostname"), "node\n");
    } finally {
      await Promise.all(labs.map((lab) => lab.down()));
    }
    for (const id of ids) {
      assert.equal(await traces(id), "");
    }
  });

  it("leaves nothing behind of a lab whose process was killed", async () => {
    const id = `k${process.pid}`;
    const program = `
      import { Lab } from "./lab/lab.ts";
      const host = (name, last, kind) => ({ name, addresses: ["10.240.0." + last + "/24"], kind });
      Lab.raise("${id}", ["10.240.0.1/24"])
        .then((lab) => lab.add(host("a", 20, "plain"), host("b", 21, "systemd")))
        .then(() => process.kill(process.pid, "SIGKILL"));`;
    const module = ["--input-type=module", "-e", program];
    await tryRun(process.execPath, module, { cwd: root });
    assert.ok(existsSync(`/run/pod-network-routes/${id}`), "it was up");
    await Lab.sweep();
    assert.equal(await traces(id), "");
  });
});
