import assert from "node:assert/strict";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "../../lab/exec.ts";
import { auditFaults, lockFaults } from "../../lab/packages.ts";
import { root } from "../../lab/paths.ts";

const integrity = "sha512-AAAA";

test("a package of a licence that nobody has looked at is a fault, and one without a hash", () => {
  assert.deepEqual(
    lockFaults({
      "": { license: "AGPL-3.0" },
      "node_modules/good": { license: "MIT", integrity },
      "node_modules/ssh2": { integrity },
      "node_modules/a/node_modules/@b/c": { license: "GPL-3.0", integrity },
      "node_modules/none": { integrity },
      "node_modules/loose": { license: "MIT" },
    }),
    [
      "@b/c: its licence is GPL-3.0",
      "none: its licence is not stated",
      "loose: has no hash",
    ],
  );
});

test("a known fault counts where a newer version fixes it", () => {
  const vulnerabilities = {
    old: { severity: "high", fixAvailable: true },
    older: { severity: "low", fixAvailable: { name: "x", version: "2.0.0" } },
    hopeless: { severity: "high", fixAvailable: false },
  };
  assert.deepEqual(auditFaults(JSON.stringify({ vulnerabilities })), [
    "old: high, npm audit fix",
    "older: low, npm audit fix",
  ]);
  assert.deepEqual(auditFaults(JSON.stringify({ vulnerabilities: {} })), []);
});

test("a registry that does not answer an audit is no fault", () => {
  const refused = JSON.stringify({ statusCode: 405, error: {} });
  assert.equal(auditFaults(refused), undefined);
  assert.equal(auditFaults("npm error"), undefined);
});

test("no script runs when packages are installed", async (t) => {
  const project = mkdtempSync(join(tmpdir(), "pod-network-routes-npm-"));
  t.after(() => rmSync(project, { recursive: true }));
  const scripts = { install: "node -e 'fs.writeFileSync(`ran`, ``)'" };
  writeFileSync(join(project, "package.json"), JSON.stringify({ scripts }));
  // npm hands its settings down to what it runs, such as these tests
  const ours = Object.entries(process.env).filter(
    ([name]) => !name.toLowerCase().startsWith("npm_"),
  );
  const options = { cwd: project, env: Object.fromEntries(ours) };
  const ran = async () => {
    await run("npm", ["install", "--offline", "--no-audit"], options);
    return existsSync(join(project, "ran"));
  };
  copyFileSync(join(root, ".npmrc"), join(project, ".npmrc"));
  assert.equal(await ran(), false);
  rmSync(join(project, ".npmrc"));
  assert.equal(await ran(), true, "npm runs it without our .npmrc");
});
