import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { run, tryRun } from "../../lab/exec.ts";
import { cache, labOf, root } from "../../lab/paths.ts";
import { blocksRunBy } from "../readmeBlocks.ts";
import { traces } from "./traces.ts";

describe("a fresh clone", () => {
  const directory = mkdtempSync(join(tmpdir(), "pod-network-routes-clone-"));
  const clones = ["one", "two"].map((name) => join(directory, name));
  const [one = "", two = ""] = clones;
  // a machine whose hosts' file system is still to be made; the engine would take minutes more
  const freshCache = join(directory, "cache");
  const env = { ...process.env, XDG_CACHE_HOME: freshCache };
  const npm = (cwd: string, ...args: string[]) =>
    run("npm", args, { cwd, env });

  before(async () => {
    const mine = join(freshCache, basename(cache));
    mkdirSync(mine, { recursive: true });
    for (const name of readdirSync(cache).filter((n) => !/^base-/.test(n))) {
      symlinkSync(join(cache, name), join(mine, name));
    }
    for (const clone of clones) {
      await run("git", ["clone", "-q", root, clone]);
    }
  });

  after(async () => {
    for (const clone of clones.filter((path) =>
      existsSync(join(path, "node_modules")),
    )) {
      await tryRun("npm", ["stop"], { cwd: clone, env });
    }
    rmSync(directory, { recursive: true, force: true });
  });

  /** What a preview says that fails because a file was changed. */
  async function previewFails(
    name: string,
    changed: (text: string) => string,
  ): Promise<string> {
    const file = join(one, name);
    const before = readFileSync(file, "utf8");
    writeFileSync(file, changed(before));
    const preview = ["run", "--silent", "pulumi", "preview"];
    const { code, stdout } = await tryRun("npm", preview, { cwd: one, env });
    writeFileSync(file, before);
    assert.notEqual(code, 0);
    return stdout;
  }

  it("is tried with the commands that README gives", () => {
    const [block = ""] = blocksRunBy("test/engine/clone.test.ts");
    const commands = block.trim().split("\n");
    assert.deepEqual(
      commands.map((line) => line.replace(/ *#.*/, "")),
      ["npm start", "npm stop"],
    );
  });

  it("gets routes between three hosts by npm start alone, and so does a second one beside it", async () => {
    for (const clone of clones) {
      const output = await npm(clone, "start");
      assert.match(output, /npm ci --omit=optional/);
      const made = output.match(/Making the file system of the hosts/g) ?? [];
      assert.equal(made.length, clone === one ? 1 : 0);
      assert.match(output, /\+ \d created/);
      assert.match(
        output,
        /10\.200\.0\.0\/24 via 198\.19\.249\.34 {2}# node-0\n\s*10\.200\.1\.0\/24 via 198\.19\.249\.136 # node-1/,
      );
      assert.match(output, /node-0 +ok +ok\n +node-1 +ok +ok/);
    }
  });

  it("has downloaded nothing for the clouds", () => {
    for (const sdk of ["aws", "gcp", "openstack"]) {
      assert.ok(!existsSync(join(one, "node_modules/@pulumi", sdk)), sdk);
    }
  });

  it("says what to install for a cloud", async () => {
    const aws =
      "config:\n  pod-network-routes:target: aws\n  pod-network-routes:instances: {names: [a]}\n";
    assert.match(
      await previewFails("Pulumi.dev.yaml", () => aws),
      /error: a package is missing: 1 fault; nothing was changed\n +- target: needs @pulumi\/aws, which is not installed: npm ci\n/,
    );
  });

  it("changes nothing at the second npm start", async () => {
    const output = await npm(one, "start");
    assert.match(output, /6 unchanged/);
    assert.doesNotMatch(output, /created|updated|Installing|Starting/);
  });

  it("hands commands to the engine by npm run pulumi", async () => {
    const stackOutput = ["--", "stack", "output", "routeTable", "--json"];
    const pulumi = ["run", "--silent", "pulumi"];
    const output = await npm(one, ...pulumi, ...stackOutput);
    assert.deepEqual(JSON.parse(output)[0], {
      destination: "10.200.0.0/24",
      nextHop: "198.19.249.34",
      node: "node-0",
    });
    assert.match(
      await npm(one, "run", "pulumi", "--", "preview", "--diff"),
      /6 unchanged/,
    );
  });

  it("plans no deletions where package.json does not say that it is of ES modules, but names what is missing", async () => {
    const stdout = await previewFails("package.json", (text) =>
      text.replace('"type": "module",', ""),
    );
    assert.match(stdout, /"type": "module" is missing/);
    assert.doesNotMatch(stdout, /to delete/);
  });

  it("leaves its checked-in files as they are", async () => {
    assert.equal(await run("git", ["status", "--porcelain"], { cwd: one }), "");
  });

  it("leaves nothing behind after npm stop, and the other one running", async () => {
    await npm(one, "stop");
    assert.ok(!existsSync(join(one, ".lab")));
    assert.match(await npm(two, "start"), /6 unchanged/);
    await npm(two, "stop");
    for (const clone of clones) {
      assert.equal(await traces(labOf(clone)), "");
    }
  });
});
