import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
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
} from "../../components/hostScript";
import { directory } from "./support";

const real = "/run/pod-network-routes";
const records = "/var/lib/pod-network-routes";
const source = join(__dirname, "../../components/hostPodRoutes.sh");

/** A directory in place of the one on a host, not made yet. */
function place(name: string) {
  const home = join(directory, name);
  const there = (text: string) =>
    text.replaceAll(real, home).replaceAll(records, `${home}-records`);
  const run = (command: string, input: string, path = process.env.PATH) =>
    spawnSync("sh", ["-c", there(command)], {
      input: there(input),
      encoding: "utf8",
      env: { PATH: path },
    });
  return { home, there, run };
}

test("the script is put where the other commands look for it, without its comments", () => {
  const { home, there, run } = place("install");
  const { command, input } = installation(false);
  assert.equal(run(command, input).status, 0);
  const [file = "", ...more] = readdirSync(home);
  assert.deepEqual(more, []);
  assert.equal(convergeCommand(false), `sh ${real}/${file} converge`);
  const text = readFileSync(join(home, file), "utf8");
  assert.match(text, /^set -eu\n/);
  assert.match(text, /\nesac\n$/);
  assert.doesNotMatch(text, /^\s*#/m);
  assert.equal(spawnSync("sh", ["-n"], { input: text }).status, 0);
  const comments = /^\s*(#.*)?\n/gm;
  const whole = readFileSync(source, "utf8").replace(comments, "");
  assert.equal(text, there(whole));
});

test("a script that is there is not written again", () => {
  const { home, run } = place("again");
  const { command, input } = installation(false);
  run(command, input);
  const [file = ""] = readdirSync(home);
  writeFileSync(join(home, file), "mine");
  assert.equal(run(command, input).status, 0);
  assert.equal(readFileSync(join(home, file), "utf8"), "mine");
});

test("a script that did not arrive whole is not put there", () => {
  const { home, run } = place("cut");
  const { command, input } = installation(false);
  const cuts = [0, 1, 5000, input.lastIndexOf("'"), input.length - 2];
  for (const length of cuts) {
    const { status, stderr } = run(command, input.slice(0, length));
    assert.equal(status, 1);
    assert.match(stderr, /[0-9a-f]{12}\.sh could not be put there\n$/);
    assert.equal(existsSync(home), false);
  }
  assert.equal(run(command, input).status, 0);
  assert.equal(readdirSync(home).length, 1);
});

test("a place that takes nothing fails the installation", () => {
  const { home, run } = place("full");
  writeFileSync(home, "no directory");
  const { command, input } = installation(false);
  const { status, stderr } = run(command, input);
  assert.equal(status, 1);
  assert.match(stderr, /^mkdir: .*\n.*\.sh could not be put there\n$/);
});

test("what removes does nothing on a host that was installed anew, and fails where only the script is gone", () => {
  const { home, run } = place("removed");
  const remove = removeCommand("us")(false);
  const input = "owner us\nend\n";
  assert.equal(run(remove, input).status, 0);
  mkdirSync(`${home}-records/us`, { recursive: true });
  const { status, stderr } = run(remove, input);
  assert.notEqual(status, 0);
  assert.match(stderr, /us\/hostPodRoutes\.sh/);
});

test("with sudo everything that needs root is run by sudo, which is asked for no password", () => {
  const { home, run } = place("sudo");
  const bin = join(directory, "bin");
  const log = join(directory, "sudo.log");
  mkdirSync(bin);
  const sudo = `#!/bin/sh\necho "$*" >>${log}\nshift\nexec "$@"\n`;
  writeFileSync(join(bin, "sudo"), sudo);
  chmodSync(join(bin, "sudo"), 0o755);
  const path = `${bin}:${process.env.PATH}`;
  const { command, input } = installation(true);
  run(command, input, path);
  run(convergeCommand(true), "", path);
  mkdirSync(`${home}-records/us`, { recursive: true });
  run(removeCommand("us")(true), "", path);
  const [install = "", ...others] = readFileSync(log, "utf8")
    .trim()
    .split("\n");
  const [file] = readdirSync(home);
  assert.match(install, /^-n sh -c \(eval "\$\(cat\)"\); test -e /);
  assert.deepEqual(others, [
    `-n sh ${home}/${file} converge`,
    `-n sh ${home}-records/us/hostPodRoutes.sh remove`,
  ]);
});
