// Plain JavaScript that older versions of Node.js can read, like run.mjs, which uses it.
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { remedy, supported } from "../nodeVersion.cjs";

/** Installs what a lockfile lists, and says nothing but what is wrong. */
export const npmCi = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];

const pinned = join(dirname(fileURLToPath(import.meta.url)), "node");

/** Where the lab keeps what every checkout can use, as lab/paths.ts has it. */
const cache = join(
  process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"),
  "pod-network-routes",
);

/**
 * Installs the Node.js that lab/node pins for this machine into the cache, unless it is there.
 *
 * @param output where to say so: process.stdout or process.stderr
 * @returns the folder of its `node`, which holds nothing else
 * @throws Error where there is none for this machine, or where npm cannot install it
 */
export function fetchNode(output) {
  const platform = `${process.platform}-${process.arch}`;
  if (!existsSync(join(pinned, platform))) {
    throw needed(`no Node.js is pinned for ${platform} in ${pinned}`);
  }
  const name = `node-${platform}`;
  const lock = join(pinned, platform, "package-lock.json");
  const { version } = JSON.parse(readFileSync(lock, "utf8")).packages[
    `node_modules/${name}`
  ];
  const directory = join(cache, `${name}-${version}`);
  if (!existsSync(directory)) {
    output.write(
      `Fetching Node.js ${version} from the npm registry into ${directory}, because this is Node.js ${process.versions.node}\n`,
    );
    install(platform, version, directory, output);
  }
  return binOf(directory, name);
}

/** A directory of this name is always complete: it gets its name only after all else. */
function install(platform, version, directory, output) {
  const unfinished = `${directory}.${randomUUID()}`;
  mkdirSync(unfinished, { recursive: true });
  try {
    for (const file of ["package.json", "package-lock.json"]) {
      copyFileSync(join(pinned, platform, file), join(unfinished, file));
    }
    // --prefix, because `npm start` hands npm's own settings down
    const npm = spawnSync(
      "npm",
      [...npmCi, "--ignore-scripts", `--prefix=${unfinished}`],
      { cwd: unfinished, stdio: ["ignore", output, "inherit"] },
    );
    if (npm.status !== 0) {
      const reason = npm.error ?? `exit status ${npm.status ?? npm.signal}`;
      throw needed(`npm ci of node-${platform} ${version} failed (${reason})`);
    }
    const node = join(binOf(unfinished, `node-${platform}`), "node");
    const { stdout, stderr, error } = spawnSync(node, ["--version"], {
      encoding: "utf8",
    });
    if (stdout?.trim() !== `v${version}`) {
      const reason = String(error ?? stderr).trim();
      throw needed(`Node.js ${version} does not start here (${reason})`);
    }
    rename(unfinished, directory);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/** Another process may have been faster. */
function rename(unfinished, directory) {
  try {
    renameSync(unfinished, directory);
  } catch (error) {
    if (!existsSync(directory)) {
      throw error;
    }
  }
}

function binOf(directory, name) {
  return join(directory, "node_modules", name, "bin");
}

function needed(reason) {
  return new Error(
    `${supported} is needed but ${process.execPath} is Node.js ${process.versions.node}, and no other could be fetched: ${reason}; ${remedy}`,
  );
}
