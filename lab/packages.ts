import { readFileSync } from "node:fs";
import { join } from "node:path";
import { tryRun } from "./exec.ts";
import { root } from "./paths.ts";

/** What package-lock.json says of each package, by where it is installed. */
export type Lock = Readonly<
  Record<string, { readonly license?: string; readonly integrity?: string }>
>;

/** Licences that a package may have, as package-lock.json names them. */
const allowed = new Set([
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "CC-BY-3.0",
  "CC0-1.0",
  "ISC",
  "MIT",
  "Python-2.0",
  "Unlicense",
  "MIT OR Apache-2.0",
  "(BSD-3-Clause AND Apache-2.0)",
]);

/** Packages whose licence stands in a file of theirs only: MIT, all of them. */
const inFile = new Set([
  "@logdna/tail-file",
  "buildcheck",
  "cpu-features",
  "ssh2",
]);

/** What is wrong with the packages that the lockfile names. */
export function lockFaults(lock: Lock): string[] {
  return Object.entries(lock).flatMap(([path, { license, integrity }]) => {
    const name = path.replace(/^.*node_modules\//, "");
    if (path === "") {
      return [];
    }
    const fine = inFile.has(name) || allowed.has(license ?? "");
    return [
      ...(fine ? [] : [`${name}: its licence is ${license ?? "not stated"}`]),
      ...(integrity === undefined ? [`${name}: has no hash`] : []),
    ];
  });
}

/** What `npm audit --json` knows that a newer version fixes; undefined if it could not ask. */
export function auditFaults(said: string): string[] | undefined {
  const report = parse(said) as
    | { vulnerabilities?: Record<string, Vulnerability> }
    | undefined;
  return (
    report?.vulnerabilities &&
    Object.entries(report.vulnerabilities)
      .filter(([, { fixAvailable }]) => fixAvailable !== false)
      .map(([name, { severity }]) => `${name}: ${severity}, npm audit fix`)
  );
}

interface Vulnerability {
  readonly severity: string;
  readonly fixAvailable: unknown;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** All that is wrong with our packages. Where the registry cannot be asked for known faults, it says so. */
export async function packageFaults(): Promise<string[]> {
  const file = readFileSync(join(root, "package-lock.json"), "utf8");
  const { packages } = JSON.parse(file) as { packages: Lock };
  const { stdout } = await tryRun("npm", ["audit", "--json"], { cwd: root });
  const known = auditFaults(stdout);
  if (known === undefined) {
    console.log("Left out: npm audit (the registry does not answer it)");
  }
  return [...lockFaults(packages), ...(known ?? [])];
}
