import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { written } from "../../lab/docs.ts";
import { root } from "../../lab/paths.ts";
import { outputNames } from "../../program/declareTargets.ts";
import { targets } from "../../program/targets.ts";
import { shellBlocks } from "../readmeBlocks.ts";

const read = (path: string) => readFileSync(join(root, path), "utf8");
const pages = [
  "README.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

for (const [name, text] of Object.entries(written)) {
  test(`${name} is what npm run docs writes`, () => {
    assert.ok(read(name) === text(), `${name} is stale: npm run docs`);
  });
}

test("README names every output of every target, and no other", () => {
  const [, section = ""] = read("README.md").split("\n## Outputs\n");
  const rows = (section.split("\n## ")[0] ?? "").matchAll(
    /^\| `(\w+)` \| .*? \| (.*?) \|/gm,
  );
  const wanted = new Map<string, string[]>();
  for (const target of targets) {
    for (const name of outputNames(target)) {
      wanted.set(name, [...(wanted.get(name) ?? []), `\`${target.name}\``]);
    }
  }
  const all = targets.length;
  assert.deepEqual(
    Object.fromEntries([...rows].map(([, name, of]) => [name, of])),
    Object.fromEntries(
      [...wanted].map(([name, of]) => [
        name,
        of.length === all ? "all" : of.join(", "),
      ]),
    ),
  );
});

for (const page of pages) {
  test(`every command in ${page} is run by a test, or says that it needs an account`, () => {
    for (const { mark = "no mark", commands } of shellBlocks(read(page))) {
      const [, file = ""] = /^run by (\S+)$/.exec(mark) ?? [];
      const runs =
        file !== "" && existsSync(join(root, file)) ? read(file) : "";
      const lines = commands.trim().split("\n");
      assert.ok(
        /^needs a real (OpenStack|AWS|GCP) account$/.test(mark) ||
          reads(runs, file, page) ||
          lines.every((line) => runs.includes(line)),
        `${mark}:\n${commands}`,
      );
    }
  });

  test(`every link in ${page} leads somewhere`, () => {
    const prose = read(page).replace(/^```[\s\S]*?^```$/gm, "");
    const links = prose.matchAll(/\]\((?!https:)([^)#]*)(?:#([^)]*))?\)/g);
    for (const [link, path = "", anchor] of links) {
      const target = path === "" ? page : join(dirname(page), path);
      assert.ok(existsSync(join(root, target)), link);
      assert.ok(anchor === undefined || anchorsOf(target).has(anchor), link);
    }
  });
}

/** Whether a test takes its commands from README, or from another page. */
function reads(source: string, file: string, page: string): boolean {
  return (
    source.replace(/\s/g, "").includes(`blocksRunBy("${file}"`) &&
    (page === "README.md" || source.includes(`"${page}"`))
  );
}

/** What GitHub calls the headings of a page. */
function anchorsOf(page: string): Set<string> {
  const headings = read(page).matchAll(/^#+ (.*)$/gm);
  return new Set(
    [...headings].map(([, text = ""]) =>
      text
        .toLowerCase()
        .replace(/[^\w\- ]/g, "")
        .replaceAll(" ", "-"),
    ),
  );
}

test("every promise names tests that there are", () => {
  const files = read("docs/promises.md").matchAll(/npm test -- ([^`]*)`/g);
  const named = [...files].flatMap(([, list = ""]) => list.split(" "));
  assert.ok(named.length > 10);
  for (const file of named) {
    assert.ok(existsSync(join(root, file)), file);
  }
});

test("what README replaces is marked as the guides'", () => {
  const blocks = read("README.md").matchAll(
    /(.*)\n\n```(?:bash|powershell)\n/g,
  );
  const before = [...blocks].map(([, line = ""]) => line);
  assert.equal(before.length, 6);
  for (const line of before) {
    assert.match(line, /^Instead of \(guide 00\d/);
  }
});

test("README's stack files are those of the examples", () => {
  const blocks = read("README.md").matchAll(
    /(?:<!-- from (examples\/\S+) -->\n)?```yaml\n([\s\S]*?)```/g,
  );
  for (const [, file = "no example", yaml = ""] of blocks) {
    const example = read(file).split("\n");
    for (const line of yaml.trim().split("\n")) {
      assert.ok(example.includes(line), `${file}: ${line}`);
      example.splice(0, example.indexOf(line) + 1);
    }
  }
});

test("the messages that docs/troubleshooting.md quotes are those of the code", () => {
  const code = ["components", "program"]
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true }).map(
        (name) => `${folder}/${name}`,
      ),
    )
    .filter((name) => /(?<!\.d)\.(ts|sh)$/.test(name) && !/dist/.test(name))
    .map(read)
    .join("\n");
  for (const message of [
    "is there already and was not made by pod-network-routes",
    "a route that this stack did not make leads to ",
    "is routed on this host by ",
    " is a network of this host itself and cannot be routed to another",
    "SSH host keys do not match; nothing was changed",
    "ssh-keyscan",
    "needs root: log in as root, or set ssh.sudo",
    "this host has no ",
    "no answer from ",
    "cannot work on ",
    " are allowed",
    "which is gone (a blackhole)",
    "was deleted by somebody else, and Pulumi cannot delete it again",
    ", which is not installed",
    "--no-source-dest-check",
    "tells the others to send to ",
    "openstack port set --allowed-address ip-address=",
  ]) {
    assert.ok(read("docs/troubleshooting.md").includes(message), message);
    assert.ok(code.includes(message), message);
  }
});

test("the picture of npm start gives no durations", () => {
  assert.doesNotMatch(read("docs/start.svg"), /\d+(\.\d+)?s\b|Duration/);
});
