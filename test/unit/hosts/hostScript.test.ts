import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  convergeCommand,
  installation,
  removeCommand,
} from "../../../components/hosts/hostScript.ts";
import { root } from "../../../lab/paths.ts";
import { blocksRunBy } from "../../readmeBlocks.ts";
import { directory, program } from "../mockedStack.ts";

const real = "/run/pod-network-routes";
const records = "/var/lib/pod-network-routes";
const source = readFileSync(
  join(root, "components/hosts/hostPodRoutes.sh"),
  "utf8",
);
const name = `${createHash("sha256").update(source).digest("hex").slice(0, 12)}.sh`;

/** Makes a program that stands for another, and returns the PATH that finds it first. */
function standIn(name: string, script: string): string {
  const bin = join(directory, "bin", name);
  program(bin, name, script);
  return `${bin}:${process.env.PATH}`;
}

/** A directory in place of the one on a host, not made yet. */
function place(name: string) {
  const home = join(directory, name);
  const there = (text: string) =>
    text.replaceAll(real, home).replaceAll(records, `${home}-records`);
  const run = (command: string, input = "", path = process.env.PATH) =>
    spawnSync("sh", ["-c", there(command)], {
      input,
      encoding: "utf8",
      env: { PATH: path },
      cwd: root,
    });
  const { command, input } = installation(false);
  const install = (given = input) => run(command, given);
  return { home, input, run, install };
}

test("the script is put on a host as it is in the repository, under the beginning of its SHA-256", () => {
  const { home, install } = place("install");
  assert.equal(install().status, 0);
  assert.deepEqual(readdirSync(home), [name]);
  assert.equal(readFileSync(join(home, name), "utf8"), source);
});

test("the commands of the docs show the same hash for the repository, the script on a host and the copy in a record, and another for another script", () => {
  const { home, run, install } = place("compared");
  install();
  const record = `${home}-records/us`;
  mkdirSync(record, { recursive: true });
  copyFileSync(join(home, name), join(record, "hostPodRoutes.sh"));
  const [block = ""] = blocksRunBy(
    "test/unit/hosts/hostScript.test.ts",
    "What is there afterwards",
    "docs/hosts.md",
  );
  const path = standIn("ssh", 'exec sh -c "$2"');
  const hashes = () => {
    const { stdout } = run(block, "", path);
    return stdout.match(/^[0-9a-f]{64} /gm) ?? [];
  };
  const [first, ...others] = hashes();
  assert.deepEqual(others, [first, first]);
  writeFileSync(join(record, "hostPodRoutes.sh"), `${source}\n`);
  assert.notEqual(hashes()[2], first);
});

test("a script that is there is not sent again", () => {
  const { home, install } = place("again");
  install();
  assert.equal(install("what would be written").status, 0);
  assert.equal(readFileSync(join(home, name), "utf8"), source);
});

test("a file of that name with other contents is replaced", () => {
  const { home, install } = place("other");
  mkdirSync(home);
  writeFileSync(join(home, name), "touch ran");
  assert.equal(install().status, 0);
  assert.equal(readFileSync(join(home, name), "utf8"), source);
});

test("a file of that name with other contents is not run", () => {
  const { home, run } = place("unrun");
  const ran = join(directory, "ran");
  mkdirSync(home);
  for (const text of [`touch ${ran}`, `${source}\ntouch ${ran}`, ""]) {
    writeFileSync(join(home, name), text);
    const { status, stderr } = run(convergeCommand(false));
    assert.equal(status, 1);
    assert.ok(stderr.includes(`${name} is missing or has other contents`));
    assert.equal(existsSync(ran), false);
  }
  writeFileSync(join(home, name), source);
  const { stderr } = run(convergeCommand(false));
  assert.match(stderr, /^pod-network-routes: /);
});

test("a script that does not arrive whole is not put there", () => {
  const { home, input, install } = place("cut");
  for (const length of [0, 1, 5000, input.length - 1]) {
    const { status, stderr } = install(input.slice(0, length));
    assert.equal(status, 1);
    assert.ok(stderr.endsWith(`${name} could not be put there\n`));
    assert.deepEqual(readdirSync(home), []);
  }
  assert.equal(install().status, 0);
  assert.deepEqual(readdirSync(home), [name]);
});

test("a place that takes nothing fails the installation", () => {
  const { home, install } = place("full");
  writeFileSync(home, "no directory");
  const { status, stderr } = install();
  assert.equal(status, 1);
  assert.match(stderr, /^mkdir: /);
  assert.ok(stderr.endsWith(`${name} could not be put there\n`));
});

test("what removes does nothing on a host that was installed anew, and fails where only the script is gone", () => {
  const { home, run } = place("removed");
  const remove = removeCommand("us", false);
  const input = "owner us\nend\n";
  assert.equal(run(remove, input).status, 0);
  mkdirSync(`${home}-records/us`, { recursive: true });
  const { status, stderr } = run(remove, input);
  assert.notEqual(status, 0);
  assert.match(stderr, /us\/hostPodRoutes\.sh/);
});

test("with sudo everything that needs root is run by sudo, which is asked for no password", () => {
  const { home, run } = place("sudo");
  const log = join(directory, "sudo.log");
  const path = standIn("sudo", `echo "$*" >>${log}\nshift\nexec "$@"`);
  const { command, input } = installation(true);
  run(command, input, path);
  run(command, input, path); // the second time it is there, which is seen without root
  run(convergeCommand(true), "", path);
  mkdirSync(`${home}-records/us`, { recursive: true });
  run(removeCommand("us", true), "", path);
  const [install = "", ...others] = readFileSync(log, "utf8")
    .trim()
    .split("\n");
  assert.match(install, /^-n sh -c umask 022; mkdir -p /);
  assert.deepEqual(others, [
    `-n sh ${home}/${name} converge`,
    `-n sh ${home}-records/us/hostPodRoutes.sh remove`,
  ]);
});
