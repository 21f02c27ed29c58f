// The way in for `npm start`, `npm test` and the rest: plain JavaScript, because the machine's Node.js may be
// too old to read TypeScript. Gets a newer Node.js and the packages if need be, then starts lab/main.ts.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isSupported } from "../nodeVersion.cjs";
import { fetchNode, npmCi } from "./node.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [verb = "", ...args] = process.argv.slice(2);

// Cloud SDKs are optional packages, and what only these commands import are packages for development: a bare-host user needs none.
const everything = ["test", "check", "docs", "bench", "faults"].includes(verb);

// what verify could not find out is not what it found
const failed = verb === "verify" ? 2 : 1;

// standard output of verify is for its report alone
const output = verb === "verify" ? process.stderr : process.stdout;

process.chdir(root);
const node = getNode();
install();
const child = spawnSync(node, [join("lab", "main.ts"), verb, ...args], {
  stdio: "inherit",
});
process.exit(child.status ?? failed);

/** The Node.js to run everything with: this one, or a newer one, which then is the first in PATH too, for Pulumi starts that. */
function getNode() {
  if (isSupported(process.versions.node)) {
    return process.execPath;
  }
  try {
    const directory = fetchNode(output);
    process.env.PATH = `${directory}${delimiter}${process.env.PATH}`;
    return join(directory, "node");
  } catch (error) {
    console.error(error.message);
    process.exit(failed);
  }
}

/** Installs exactly what the lockfile says, unless that has been done already. */
function install() {
  if (verb === "verify" && existsSync("node_modules")) {
    return; // installed by the user, whose stack is run with it
  }
  const done = join("node_modules", ".pod-network-routes.json");
  const have = existsSync(done)
    ? JSON.parse(readFileSync(done, "utf8"))
    : { everything: false };
  const wanted = {
    lock: readFileSync("package-lock.json", "utf8"),
    everything: everything || have.everything, // nothing is taken away again
  };
  if (have.lock === wanted.lock && have.everything === wanted.everything) {
    return;
  }
  const omit = wanted.everything ? [] : ["--omit=optional", "--omit=dev"];
  output.write(`Installing packages: npm ci ${omit.join(" ")}\n`);
  const npm = spawnSync("npm", [...npmCi, ...omit], {
    stdio: ["inherit", output, "inherit"],
  });
  if (npm.status !== 0) {
    console.error("npm ci failed, see above");
    process.exit(failed);
  }
  writeFileSync(done, JSON.stringify(wanted));
}
