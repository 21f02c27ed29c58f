import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { nodeSchema } from "../../components/core/inventory";
import { hostArgsSchema } from "../../components/hostArgs";
import { sshSchema } from "../../components/ssh/args";
import { root } from "../../lab/paths";

/** The rows of README's tables: what stands between the first back ticks, and the last column. */
const rows = new Map(
  readFileSync(join(root, "README.md"), "utf8")
    .split("\n")
    .flatMap((line) => {
      const [, key, last] = /^\| `([^`]+)` \|.*\| ?(.*?) \|$/.exec(line) ?? [];
      return key === undefined ? [] : [[key, last ?? ""] as const];
    }),
);

const nested = Object.keys(sshSchema.shape).map((key) => `ssh.${key}`);
const keys = [
  "target",
  ...Object.keys(hostArgsSchema.shape).filter((key) => key !== "ssh"),
  ...nested,
  ...Object.keys(nodeSchema.shape),
];

it("README's config reference names every key", () => {
  assert.deepEqual(
    keys.filter((key) => !rows.has(key)),
    [],
  );
});

it("README's config reference gives the defaults of the schema", () => {
  const ssh = Object.entries(sshSchema.parse({})).map(
    ([key, value]) => [`ssh.${key}`, value] as const,
  );
  const all = [...Object.entries(hostArgsSchema.parse({})), ...ssh];
  for (const [key, value] of all.filter(([, v]) => typeof v !== "object")) {
    assert.equal(rows.get(key), `\`${value}\``, key);
  }
});
