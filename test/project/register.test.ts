import assert from "node:assert/strict";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { run, tryRun } from "../../lab/exec";
import { root } from "../../lab/paths";

describe("register.js", () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "pod-network-routes-register-"));
    mkdirSync(join(directory, "node_modules"));
    copyFileSync(join(root, "register.js"), join(directory, "register.js"));
    for (const name of readdirSync(join(root, "node_modules"))) {
      if (!name.startsWith(".")) {
        const link = join(directory, "node_modules", name);
        symlinkSync(join(root, "node_modules", name), link);
      }
    }
  });
  after(() => rmSync(directory, { recursive: true }));

  const program = (text: string) =>
    writeFileSync(join(directory, "program.ts"), text);
  const args = ["--require", "./register.js", "program.ts"];
  const says = () => run(process.execPath, args, { cwd: directory });
  const kept = () => join(directory, "node_modules/.cache/pod-network-routes");

  it("loads TypeScript, and what has been changed since", async () => {
    program("const one: number = 1; console.log(one satisfies number);");
    assert.equal(await says(), "1\n");
    assert.equal(await says(), "1\n");
    program("const two: number = 2; console.log(two);");
    assert.equal(await says(), "2\n");
    assert.deepEqual(readdirSync(kept()), ["program.ts.js"]);
  });

  it("takes nothing out of its cache that is not whole", async () => {
    const file = join(kept(), "program.ts.js");
    const whole = readFileSync(file, "utf8");
    for (const length of [0, 10, 70, whole.length - 1]) {
      writeFileSync(file, whole.slice(0, length));
      assert.equal(await says(), "2\n");
      assert.equal(readFileSync(file, "utf8"), whole);
    }
  });

  it("does without its cache where none can be", async () => {
    rmSync(kept(), { recursive: true });
    writeFileSync(kept(), "a file in its place");
    assert.equal(await says(), "2\n");
  });

  it("keeps the lines of errors", async () => {
    program('type A = {\n  b: string;\n};\nthrow new Error("here");\n');
    const { stderr } = await tryRun(process.execPath, args, {
      cwd: directory,
    });
    assert.match(stderr, /program\.ts:4/);
  });
});
