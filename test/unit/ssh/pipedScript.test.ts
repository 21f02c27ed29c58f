import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import {
  pipedCommand,
  scriptInput,
} from "../../../components/ssh/pipedScript.ts";

test("the script follows the facts, whole and without its comments", () => {
  const path = join(
    import.meta.dirname,
    "../../../components/flannel/flannelOverlay.sh",
  );
  const input = scriptInput(["a fact", "another"], path);
  const [facts, script] = input.split("\n--- script\n");
  assert.equal(facts, "a fact\nanother");
  assert.match(script ?? "", /^set -eu\n/);
  assert.match(script ?? "", /\nesac\n$/);
  assert.doesNotMatch(script ?? "", /^\s*#/m);
  assert.equal(spawnSync("sh", ["-n"], { input: script }).status, 0);
});

test("no fact is taken for the line before the script", () => {
  const path = join(
    import.meta.dirname,
    "../../../components/flannel/flannelOverlay.sh",
  );
  for (const line of ["--- script", "--- script; reboot"]) {
    assert.throws(() => scriptInput(["a fact", line], path), /not a line/);
  }
});

/** Runs the command of a host here, on a harmless script. */
function run(verb: "apply" | "remove", text: string) {
  const { status, stdout, stderr } = spawnSync(
    "sh",
    ["-c", pipedCommand(verb, false)],
    { input: text, encoding: "utf8" },
  );
  return { status, stdout, stderr };
}
const harmless = `a fact
--- script
case $1 in *) echo "$0 $1"; cat;; esac`;

for (const verb of ["apply", "remove"] as const) {
  test(`the command runs the script out of its own standard input, to ${verb}`, () => {
    assert.deepEqual(run(verb, harmless), {
      status: 0,
      stdout: `pod-network-routes ${verb}\n${harmless}\n`,
      stderr: "",
    });
  });
}

test("of an input that is cut short, nothing is run", () => {
  for (let length = 0; length < harmless.length; length++) {
    assert.deepEqual(run("apply", harmless.slice(0, length)), {
      status: 1,
      stdout: "",
      stderr: "input is cut short\n",
    });
  }
});

test("a failed script fails the command", () => {
  const failing = "a fact\n--- script\ncase a in *) exit 7;; esac";
  assert.equal(run("apply", failing).status, 7);
});

test("sudo is asked for no password", () => {
  assert.match(pipedCommand("apply", true), /\| sudo -n sh -c /);
  assert.doesNotMatch(pipedCommand("apply", false), /sudo/);
});
