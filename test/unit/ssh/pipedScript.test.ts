import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  pipedCommand,
  scriptInput,
} from "../../../components/ssh/pipedScript.ts";
import { root } from "../../../lab/paths.ts";
import { directory, file } from "../mockedStack.ts";
import { everyShell } from "../shells.ts";

const path = join(root, "components/flannel/flannelOverlay.sh");

test("the script follows the facts, byte for byte as its file has it", () => {
  const input = scriptInput(["a fact", "another"], path);
  assert.equal(
    input,
    `a fact\nanother\n--- script\n${readFileSync(path, "utf8")}--- end\n`,
  );
});

test("no fact is taken for a line around the script", () => {
  for (const line of ["--- script", "--- script; reboot", "--- end"]) {
    assert.throws(() => scriptInput(["a fact", line], path), /not a line/);
  }
});

/** Runs the command of a host here. */
function run(verb: "apply" | "remove", input: string, PATH = process.env.PATH) {
  const { status, stdout, stderr } = spawnSync(
    "sh",
    ["-c", pipedCommand(verb, false)],
    { input, encoding: "utf8", env: { PATH } },
  );
  return { status, stdout, stderr };
}

/** A script that prints what it is called by, what it is to do, and its standard input. */
const harmless = scriptInput(
  ["a fact"],
  file("harmless.sh", '# a comment\ncase $1 in *) echo "$0 $1"; cat;; esac\n'),
);

test("the command runs the script in its own standard input, in every shell", async () => {
  for (const { name, tools } of await everyShell()) {
    for (const verb of ["apply", "remove"] as const) {
      const stdout = `pod-network-routes ${verb}\n${harmless}`;
      const found = run(verb, harmless, `${tools}:${process.env.PATH}`);
      assert.deepEqual(found, { status: 0, stdout, stderr: "" }, name);
    }
  }
});

test("of an input that is cut short, nothing is run", () => {
  // the last newline is no loss
  for (let length = 0; length < harmless.length - 1; length++) {
    assert.deepEqual(run("apply", harmless.slice(0, length)), {
      status: 1,
      stdout: "",
      stderr: "input is cut short\n",
    });
  }
});

test("of a script that is cut short where it could end, nothing is run", () => {
  const ran = join(directory, "ran");
  const script = `case $1 in *) touch ${ran} ;; esac\n`;
  const input = scriptInput(["a fact"], file("twice.sh", script.repeat(2)));
  assert.equal(
    run("apply", input.slice(0, input.indexOf("esac") + 5)).status,
    1,
  );
  assert.equal(existsSync(ran), false);
  assert.equal(run("apply", input).status, 0);
  assert.equal(existsSync(ran), true);
});

test("a failed script fails the command", () => {
  const failing = scriptInput(["a fact"], file("failing.sh", "exit 7\n"));
  assert.equal(run("apply", failing).status, 7);
});

test("sudo is asked for no password", () => {
  assert.match(pipedCommand("apply", true), /\| sudo -n sh -c /);
  assert.doesNotMatch(pipedCommand("apply", false), /sudo/);
});
