import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import type { Kind } from "../../bench/contender.ts";
import { measures } from "../../bench/figures.ts";
import { BenchHosts } from "../../bench/hosts.ts";
import { inventory } from "../../bench/inventory.ts";
import { Track } from "../../bench/rounds.ts";
import { getTools, type Tools } from "../../bench/tools.ts";

/** All but OpenTofu, whose build takes minutes; `npm run bench` itself tries every contender on two hosts first. */
const tried = [
  "ours",
  "floor",
  "ours-once",
  "ssh",
  "pyinfra",
  "ansible",
  "guide",
];

describe("the contenders of the bench", () => {
  let directory: string;
  let tools: Tools;
  let hosts: BenchHosts;
  let track: Track;

  before(async () => {
    directory = mkdtempSync("/tmp/pnr-bench-test-");
    tools = await getTools(directory, tried);
    hosts = await BenchHosts.raise(4);
    await hosts.grow(4);
    track = new Track(hosts, directory, 4);
  });
  after(async () => {
    await hosts?.down();
    rmSync(directory, { recursive: true, force: true });
  });

  function kind(id: string): Kind {
    const found = tools.kinds.find((one) => one.id === id);
    assert.ok(found, id);
    return found;
  }

  /** The contender ssh, but that one of its commands does nothing. */
  function doingNothing(verb: "apply" | "destroy"): Kind {
    const ssh = kind("ssh");
    const env = process.env;
    const nothing = () => ({ command: ["true"], cwd: directory, env });
    return {
      ...ssh,
      start: async (site) => ({ ...(await ssh.start(site)), [verb]: nothing }),
    };
  }

  for (const id of tried) {
    test(`${id} does all the work, and takes it back`, async () => {
      const figures = await track.round(kind(id), 3, 1);
      assert.deepEqual(
        figures.map(({ measure, refused }) => ({ measure, refused })),
        measures.map((measure) => ({ measure, refused: undefined })),
      );
      for (const { cost } of figures) {
        assert.ok(cost && cost.cpuSeconds > 0 && cost.wallSeconds > 0);
      }
      assert.equal(await hosts.left(inventory(4)), undefined);
    });
  }

  test("memory is that of all processes, and of the one that runs the program", async () => {
    const { memory, refused } = await track.memory(kind("floor"), 3);
    assert.ok(memory, refused);
    assert.ok(memory.programMiB > 30 && memory.treeMiB > memory.programMiB);
  });

  test("a contender that does not do the work gets no figure, and the next one is still measured", async () => {
    const idle = doingNothing("apply");
    const [figure, ...more] = await track.round(idle, 3, 1);
    assert.match(figure?.refused ?? "", /routes: 0 instead of 2/);
    assert.equal(figure?.cost, undefined);
    assert.deepEqual(more, []);
  });

  test("a contender that leaves something behind gets no figure, and what it left is removed", async () => {
    const untidy = doingNothing("destroy");
    const figures = await track.round(untidy, 3, 1);
    assert.match(figures.at(-1)?.refused ?? "", /routes: 3 instead of 0/);
    assert.equal(await hosts.left(inventory(4)), undefined);
  });
});
