import { cpSync, existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "../lab/paths.ts";

/** What `nodeargs` in Pulumi.yaml has Node.js load first: the compile cache. */
const preload = ["preload.cjs", "nodeVersion.cjs"];

/** What package-lock.json says of a package. */
interface Locked {
  readonly dependencies?: Readonly<Record<string, string>>;
}

/**
 * Makes a copy of this project as a user has it who has installed no cloud's SDK, which is what
 * `npm start` does: what else lies in node_modules here, for the tests, would slow Pulumi down.
 */
export function copyOfProject(directory: string): void {
  copy(directory, "index.ts", "Pulumi.yaml", "package.json");
  copy(directory, ...preload, "components", "program", "examples");
  const { dependencies } = readJson(join(root, "package.json")) as Locked;
  install(directory, Object.keys(dependencies ?? {}));
}

/** Makes the smallest program, with its packages. */
export function copyOfFloor(directory: string): void {
  cpSync(join(import.meta.dirname, "floor"), directory, { recursive: true });
  copy(directory, ...preload);
  install(directory, ["@pulumi/pulumi", "@pulumi/command"]);
}

function copy(directory: string, ...files: readonly string[]): void {
  for (const file of files) {
    cpSync(join(root, file), join(directory, file), {
      recursive: true,
      filter: (path) => path !== join(root, "components/dist"),
    });
  }
}

/** Gives a program packages out of our own node_modules, and all that they need. */
function install(directory: string, names: readonly string[]): void {
  const { packages } = readJson(join(root, "package-lock.json")) as {
    packages: Record<string, Locked>;
  };
  const wanted = new Set<string>();
  const add = (name: string, from: string) => {
    const path = resolve(name, from, packages);
    if (path !== undefined && !wanted.has(path)) {
      wanted.add(path);
      const needs = Object.keys(packages[path]?.dependencies ?? {});
      needs.forEach((need) => {
        add(need, path);
      });
    }
  };
  names.forEach((name) => {
    add(name, "");
  });
  for (const path of wanted) {
    if (!existsSync(join(directory, path))) {
      const nested = join(root, path, "node_modules");
      cpSync(join(root, path), join(directory, path), {
        recursive: true,
        filter: (file) => file !== nested,
      });
    }
  }
}

/** Where a package that another one needs is, by the rules of Node.js: beside it, or further up. */
function resolve(
  name: string,
  from: string,
  packages: Readonly<Record<string, Locked>>,
): string | undefined {
  for (let at = from; ; at = dirname(at)) {
    const path = join(at, "node_modules", name);
    if (packages[path] !== undefined) {
      return path;
    }
    if (at === "" || at === ".") {
      return undefined;
    }
  }
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, "utf8"));
}
