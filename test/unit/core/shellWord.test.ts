import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import fc from "fast-check";
import { shellWord } from "../../../components/core/shellWord.ts";
import { anyText, nasty } from "../hostileText.ts";

test("a word that no shell changes is not quoted", () => {
  assert.equal(shellWord("10.200.0.0/24"), "10.200.0.0/24");
});

test("a shell, and a shell behind it, read any text as it is", () => {
  // no argument of a process has a NUL, or more than 128 KiB; what is no Unicode is not kept by UTF-8
  const texts = [...nasty, ";reboot;", "it's", ...fc.sample(anyText, 300)]
    .map((text) => Buffer.from(text.replaceAll("\0", "")).toString())
    .filter((text) => text.length < 1000);
  const print = texts.map((text) => `printf '%s\\0' ${shellWord(text)}`);
  const behind = `sh -c ${shellWord(print.join("\n"))}`;
  for (const script of [print.join("\n"), behind]) {
    const { stdout } = spawnSync("sh", ["-s"], {
      input: script,
      encoding: "utf8",
    });
    assert.deepEqual(stdout.split("\0").slice(0, -1), texts);
  }
});
