import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { copyOfProject } from "../../bench/programs.ts";
import { root } from "../../lab/paths.ts";
import { campaign } from "./campaign.ts";
import { faultKinds, plan } from "./plan.ts";

describe("a fault campaign", () => {
  it("breaks something of each kind, and no promise is broken", async () => {
    const { injected, violations } = await campaign({
      runs: faultKinds.length,
      seed: 1,
      project: root,
      say: console.log,
    });
    assert.deepEqual(violations, []);
    assert.deepEqual([...injected.keys()].sort(), [...faultKinds].sort());
  });

  for (const [what, [right, broken]] of Object.entries({
    "leaves old routes": [
      "if (d in via && !(d in want) && !(d in kept)) print",
      "if (0) print",
    ],
    "stops at the first fault, and does not finish": [
      "ip -force -batch",
      "ip -batch /dev/null; true",
    ],
  } as const)) {
    it(`finds a script that ${what}`, async (t) => {
      const project = mkdtempSync(join(tmpdir(), "pod-network-routes-broken-"));
      t.after(() => rmSync(project, { recursive: true }));
      await copyOfProject(project);
      const file = join(project, "components/hosts/hostPodRoutes.sh");
      const script = readFileSync(file, "utf8");
      assert.ok(script.includes(right));
      writeFileSync(file, script.replace(right, broken));
      const { violations } = await campaign({
        runs: 3,
        seed: 1,
        project,
        say: () => {},
      });
      assert.match(violations.join("\n"), /routes \[.*expected \[/);
    });
  }

  it("is the same for the same seed, and another for another", () => {
    assert.deepEqual(plan(20, 3), plan(20, 3));
    assert.notDeepEqual(plan(20, 3), plan(20, 4));
  });
});
