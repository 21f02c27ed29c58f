import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import fc from "fast-check";
import { printable } from "../../../components/core/plainText.ts";
import { shellFile } from "../../../components/core/shellFile.ts";
import { anyText } from "../hostileText.ts";

/** The arguments that a shell makes of it, in the home `/home/me`. */
function shell(words: string): string[] {
  return execFileSync("/bin/sh", ["-c", `printf '%s\\0' ${words}`], {
    env: { HOME: "/home/me" },
    encoding: "utf8",
  })
    .split("\0")
    .slice(0, -1);
}

test("a file's name is one word of a shell, ~/ is the home, and a hyphen begins no option", () => {
  for (const [name, word] of [
    ["a b/c.txt", "a b/c.txt"],
    ["~/a b", "/home/me/a b"],
    ["~/-a", "/home/me/./-a"],
    ["~", "~"],
    ["~root/a", "~root/a"],
    ["a~/b", "a~/b"],
    ["-rf", "./-rf"],
    ["$HOME/`id`", "$HOME/`id`"],
  ] as const) {
    assert.deepEqual(shell(shellFile(name) ?? ""), [word]);
  }
});

test("a name that a message would show otherwise is no word", () => {
  for (const name of ["", "a\nb", "é", "<{%red%}>", "\u001b"]) {
    assert.equal(shellFile(name), undefined);
  }
});

test("any name is one word that a message shows as it is, or none", () => {
  fc.assert(
    fc.property(anyText, (name) => {
      const word = shellFile(name);
      if (word !== undefined) {
        assert.equal(printable(word), word);
        assert.equal(shell(word).length, 1);
      }
    }),
  );
});
