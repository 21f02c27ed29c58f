import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, it } from "node:test";
import * as ts from "typescript";
import { root } from "../../lab/paths.ts";

/** Folders of components/, and program/. Each may import from itself and from those in a line before it. */
const layers = [
  ["core"],
  ["inventory"],
  ["stack"],
  ["ssh"],
  ["hosts", "cloud"],
  ["aws", "gcp", "openstack", "flannel"],
  ["verify"],
  ["program"],
];

/** Names that a language or a tool prescribes. */
const prescribed = ["index.ts", "index.js", "main.go", "tools.go"];

const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
})
  .trim()
  .split("\n")
  .filter((file) => /\.(ts|js|mjs|cjs|sh|go|py)$/.test(file))
  .filter((file) => existsSync(join(root, file)));

/** The files of the repository that each TypeScript file imports, types included. */
const imports = new Map(
  files
    .filter((file) => file.endsWith(".ts"))
    .map((file) => {
      const text = readFileSync(join(root, file), "utf8");
      const imported = ts
        .preProcessFile(text)
        .importedFiles.filter(({ fileName }) => fileName.startsWith("."))
        .map(({ fileName }) => join(dirname(file), fileName));
      return [file, imported];
    }),
);

/** Where a file stands in the layers; undefined for one that is in none of them. */
function layerOf(file: string): number | undefined {
  const [top, folder] = file.split("/");
  const name = top === "components" ? folder : top;
  const layer = layers.findIndex((names) => names.includes(name ?? ""));
  return layer === -1 ? undefined : layer;
}

/** Imports of the files that `from` accepts, as `FILE imports FILE`, unless `allowed` accepts the two. */
function forbidden(
  from: (file: string) => boolean,
  allowed: (file: string, imported: string) => boolean,
): string[] {
  return [...imports].flatMap(([file, all]) =>
    from(file)
      ? all
          .filter((imported) => !allowed(file, imported))
          .map((imported) => `${file} imports ${imported}`)
      : [],
  );
}

/** A shortest way from a file back to itself, if its imports lead there. */
function cycleOf(file: string): string[] | undefined {
  const seen = new Set<string>();
  let ways = [[file]];
  while (ways.length > 0) {
    const longer: string[][] = [];
    for (const way of ways) {
      for (const next of imports.get(way.at(-1) ?? "") ?? []) {
        if (next === file) {
          return [...way, file];
        }
        if (!seen.has(next)) {
          seen.add(next);
          longer.push([...way, next]);
        }
      }
    }
    ways = longer;
  }
  return undefined;
}

describe("the folders of the source", () => {
  it("of components/ and program/ each import only from those before them", () => {
    const inLayers = (file: string) => layerOf(file) !== undefined;
    const before = (file: string, imported: string) => {
      const [layer, other] = [layerOf(file) ?? -1, layerOf(imported) ?? -1];
      return (
        dirname(file) === dirname(imported) || (other >= 0 && other < layer)
      );
    };
    assert.deepEqual(forbidden(inLayers, before), []);
  });

  it("of components/ are all in the list", () => {
    const inComponents = [...imports.keys()].filter((file) =>
      file.startsWith("components/"),
    );
    const unlisted = inComponents.filter((file) => layerOf(file) === undefined);
    assert.deepEqual(unlisted, ["components/index.ts"]);
  });

  it("of components/ import nothing from outside of it", () => {
    const isComponent = (file: string) => file.startsWith("components/");
    const inside = (_: string, imported: string) => isComponent(imported);
    assert.deepEqual(forbidden(isComponent, inside), []);
  });

  it("have no file that imports itself by way of others", () => {
    const cycles = [...imports.keys()].flatMap((file) => {
      const cycle = cycleOf(file);
      return cycle === undefined ? [] : [cycle.join(" imports ")];
    });
    assert.deepEqual(cycles, []);
  });

  it("have no two files of one name", () => {
    const byName = Object.groupBy(files, (file) => basename(file));
    const twice = Object.entries(byName).filter(
      ([name, same = []]) => same.length > 1 && !prescribed.includes(name),
    );
    assert.deepEqual(Object.fromEntries(twice), {});
  });
});
