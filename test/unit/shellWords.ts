import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const tools = ["aws", "gcloud", "openstack", "pulumi", "sed"] as const;

/** The commands that a message prints, each up to where the message goes on. */
export function commandsOf(message: string): string[] {
  const start = new RegExp(`(?<=: )(?:${tools.join("|")}) .*?(?=; or |$)`, "g");
  return message.match(start) ?? [];
}

/**
 * The words of these commands, as a shell takes them apart: the tools are functions of the shell that print their
 * arguments. Fails where a command does anything besides.
 */
export function wordsOf(commands: readonly string[]): string[][] {
  const directory = mkdtempSync(join(tmpdir(), "words-"));
  try {
    const empty = join(directory, "empty");
    mkdirSync(empty);
    const stubs = tools.map(
      (tool) => `${tool}() { printf '%s\\0' ${tool} "$@"; printf '\\n\\0'; }`,
    );
    // nothing can be found on the PATH, so nothing else can be run
    const out = execFileSync("/bin/sh", [], {
      cwd: empty,
      env: { PATH: empty },
      input: ["set -eu", ...stubs, ...commands, ""].join("\n"),
      stdio: ["pipe", "pipe", "pipe"],
      encoding: "utf8",
      maxBuffer: 2 ** 26,
    });
    assert.deepEqual(readdirSync(empty), []);
    return out
      .split("\0\n\0")
      .slice(0, -1)
      .map((words) => words.split("\0"));
  } finally {
    rmSync(directory, { recursive: true });
  }
}
