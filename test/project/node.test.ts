import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";
import { before, beforeEach, describe, it } from "node:test";
import { root } from "../../lab/paths.ts";
import { temporaryDirectory } from "../temporaryDirectory.ts";

const { isSupported }: { isSupported: (version: string) => boolean } =
  createRequire(import.meta.url)("../../nodeVersion.cjs");

const platform = `${process.platform}-${process.arch}`;
const old = "20.20.2";
/** What a copy of the project needs for preload.cjs and lab/run.mjs to run. */
const sources = ["nodeVersion.cjs", "preload.cjs", "package-lock.json"];

const directory = temporaryDirectory("node");
before(() => {
  // stands in for the version of the Node.js that runs the test
  writeFileSync(
    join(directory, "older.cjs"),
    `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${old}" } });`,
  );
});

/** Runs Node.js as if it were the old one. */
function runOlder(
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv = process.env,
) {
  const preload = ["--require", join(directory, "older.cjs")];
  return spawnSync(process.execPath, [...preload, ...args], {
    cwd,
    env,
    encoding: "utf8",
  });
}

describe("the supported versions of Node.js", () => {
  for (const version of ["22.18.0", "22.23.5", "24.3.0", "24.22.3", "26.0.0"]) {
    it(`include ${version}`, () => assert.ok(isSupported(version)));
  }

  for (const version of [
    "18.20.8",
    "20.20.2",
    "22.17.1", // does not read TypeScript without a flag
    "23.11.1", // has no support any more
    "24.2.0", // prints a warning when it reads TypeScript
  ]) {
    it(`do not include ${version}`, () => assert.ok(!isSupported(version)));
  }

  it("include the one that runs these tests", () =>
    assert.ok(isSupported(process.versions.node)));

  for (const name of readdirSync(join(root, "lab", "node"))) {
    it(`include the one that is fetched for ${name}, which has a hash`, () => {
      const lock = join(root, "lab", "node", name, "package-lock.json");
      const { packages } = JSON.parse(readFileSync(lock, "utf8"));
      const { version, integrity, os, cpu } =
        packages[`node_modules/node-${name}`];
      assert.ok(isSupported(version));
      assert.match(integrity, /^sha512-/);
      assert.equal(`${os}-${cpu}`, name);
    });
  }
});

describe("preload.cjs", () => {
  let project: string;
  const run = ["--require", "./preload.cjs", "program.ts"];
  beforeEach(() => {
    project = mkdtempSync(join(directory, "project-"));
    for (const name of sources) {
      copyFileSync(join(root, name), join(project, name));
    }
    writeFileSync(
      join(project, "program.ts"),
      'import "./module.ts"; console.log("ran" satisfies string);',
    );
    writeFileSync(join(project, "module.ts"), "export const one: number = 1;");
    writeFileSync(join(project, "package.json"), '{ "type": "module" }');
  });
  const runProgram = () =>
    spawnSync(process.execPath, run, {
      cwd: project,
      env: { ...process.env, NODE_COMPILE_CACHE: undefined },
      encoding: "utf8",
    });

  /** Asserts that a program ended with one line and the exit code that Pulumi knows. */
  function refused(ended: Ended, ...parts: string[]): void {
    assert.equal(ended.status, 32);
    assert.equal(ended.stdout, "");
    assert.match(ended.stderr, /^[^\n]+\n$/);
    errorNames(ended, ...parts);
  }

  it("ends a program under an older Node.js with one line and the exit code that Pulumi knows", () => {
    const wanted = ["22.18", "24", "nodejs.org"];
    refused(runOlder(run, project), old, process.execPath, ...wanted);
  });

  it("ends a program of a project that is not of ES modules with one line and that exit code", () => {
    const file = join(project, "package.json");
    writeFileSync(file, '{ "main": "index.ts" }');
    refused(runProgram(), '"type": "module"', file);
  });

  it("makes Node.js keep what it has compiled in node_modules/.cache", () => {
    const { stdout, stderr } = runProgram();
    assert.equal(stdout, "ran\n");
    assert.equal(stderr, "");
    const kept = join(project, "node_modules", ".cache", "node");
    const files = readdirSync(kept, { recursive: true, withFileTypes: true });
    assert.ok(files.filter((file) => file.isFile()).length >= 2);
  });

  it("lets the program run where nothing can be kept", () => {
    writeFileSync(join(project, "node_modules"), "a file in its place");
    const { status, stdout, stderr } = runProgram();
    assert.equal(stdout, "ran\n");
    assert.equal(stderr, "");
    assert.equal(status, 0);
  });
});

const skip = existsSync(join(root, "lab", "node", platform))
  ? false
  : `no Node.js is pinned for ${platform}`;

describe("lab/run.mjs", { skip }, () => {
  let checkout: string;
  let env: NodeJS.ProcessEnv;
  beforeEach(() => {
    checkout = mkdtempSync(join(directory, "checkout-"));
    const lab = ["lab/run.mjs", "lab/node.mjs", "lab/node"];
    for (const name of [...sources, ...lab]) {
      cpSync(join(root, name), join(checkout, name), { recursive: true });
    }
    writeFileSync(
      join(checkout, "lab", "main.ts"),
      'console.log(JSON.stringify(process.argv.slice(2) satisfies string[])); console.log(process.env.PATH ?? "");',
    );
    mkdirSync(join(checkout, "bin"));
    env = {
      ...process.env,
      XDG_CACHE_HOME: join(checkout, "cache"),
      PATH: `${join(checkout, "bin")}${delimiter}${process.env.PATH}`,
    };
    npmInstalls(working);
  });

  /** What the Node.js says about itself that npm installs in these tests; it runs programs with the Node.js of the tests. */
  const working = `[ "$1" = --version ] && { echo "v${pinnedVersion()}"; exit; }
echo fetched
exec "${process.execPath}" "$@"`;

  /** Puts an npm in front of the PATH that notes its calls and installs this script as Node.js. */
  function npmInstalls(node: string, afterwards = ""): void {
    const npm = join(checkout, "bin", "npm");
    const script = join(checkout, "bin", "fetched-node");
    writeFileSync(script, `#!/bin/sh\n${node}\n`);
    writeFileSync(
      npm,
      `#!/bin/sh
echo "$*" >>"${join(checkout, "calls")}"
echo "installed by npm"
case "$PWD" in
*/pod-network-routes/node-*)
  grep -q sha512- package-lock.json || exit 1
  mkdir -p node_modules/node-${platform}/bin
  cp "${script}" node_modules/node-${platform}/bin/node
  chmod 755 node_modules/node-${platform}/bin/node ;;
*) mkdir -p node_modules ;;
esac
${afterwards}
`,
    );
    chmodSync(npm, 0o755);
  }

  const start = (verb: string, ...args: string[]) =>
    runOlder(["lab/run.mjs", verb, ...args], checkout, env);
  const calls = () =>
    readFileSync(join(checkout, "calls"), "utf8").trim().split("\n");
  const cached = () => readdirSync(join(checkout, "cache/pod-network-routes"));

  it("runs the lab with a newer Node.js that it fetches, and puts it first in PATH", () => {
    const { status, stdout } = start("start", "a", "b c");
    assert.equal(status, 0);
    const lines = stdout.trim().split("\n");
    assert.ok(lines[0]?.includes(pinnedVersion()), lines[0]);
    assert.ok(lines[0]?.includes(old), lines[0]);
    const [fetched, args, path] = lines.slice(-3);
    assert.equal(fetched, "fetched");
    assert.equal(args, '["start","a","b c"]');
    const first = path?.split(delimiter)[0] ?? "";
    assert.ok(first.startsWith(join(checkout, "cache", "pod-network-routes")));
    assert.deepEqual(readdirSync(first), ["node"]);
  });

  it("fetches it once", () => {
    start("start");
    const before = calls().length;
    const { stdout } = start("start");
    assert.equal(calls().length, before);
    assert.equal(stdout.split("\n")[0], "fetched");
  });

  it("does not fetch one where Node.js is new enough", () => {
    const { status, stdout } = spawnSync(
      process.execPath,
      ["lab/run.mjs", "start"],
      { cwd: checkout, env, encoding: "utf8" },
    );
    assert.equal(status, 0);
    assert.ok(!existsSync(join(checkout, "cache")));
    assert.ok(stdout.trim().endsWith(env.PATH ?? ""));
  });

  it("leaves standard output to verify's report", () => {
    const { status, stdout, stderr } = start("verify", "--json");
    assert.equal(status, 0);
    assert.equal(stdout.split("\n")[0], "fetched");
    assert.ok(stderr.includes(pinnedVersion()));
    assert.ok(stderr.includes("installed by npm"));
  });

  for (const [reason, node, afterwards] of [
    ["npm fails", working, "exit 1"],
    ["npm is stopped", working, "kill -KILL $$"],
    ["what npm installed does not start", "exit 127", ""],
    ["what npm installed is another version", "echo v24.0.0", ""],
  ] as const) {
    it(`says what is needed and keeps nothing where ${reason}`, () => {
      npmInstalls(node, afterwards);
      for (const [verb, expected] of [
        ["start", 1],
        ["verify", 2],
      ] as const) {
        const ended = start(verb);
        assert.equal(ended.status, expected);
        errorNames(ended, old, "22.18", "24", "nodejs.org");
        assert.doesNotMatch(ended.stderr, /\n {4}at /);
        assert.deepEqual(cached(), []);
      }
      npmInstalls(working);
      assert.equal(start("start").status, 0);
    });
  }

  it("says what is needed where there is no Node.js for the machine", () => {
    rmSync(join(checkout, "lab", "node", platform), { recursive: true });
    const ended = start("start");
    assert.equal(ended.status, 1);
    errorNames(ended, old, platform, "22.18", "nodejs.org");
  });

  it("says what is needed where there is no npm", () => {
    env.PATH = join(checkout, "empty");
    const ended = start("start");
    assert.equal(ended.status, 1);
    errorNames(ended, "npm", "nodejs.org");
  });
});

type Ended = ReturnType<typeof runOlder>;

/** Asserts that standard error has all of these parts. */
function errorNames({ stderr }: Ended, ...parts: string[]): void {
  for (const part of parts) {
    assert.ok(stderr.includes(part), `${part} in ${stderr}`);
  }
}

function pinnedVersion(): string {
  const file = join(root, "lab", "node", platform, "package.json");
  return JSON.parse(readFileSync(file, "utf8")).dependencies[
    `node-${platform}`
  ];
}
