// Node.js loads this before Pulumi's SDK and the program: `nodeargs` in Pulumi.yaml.
// Plain CommonJS, because Node.js versions that are too old must be able to read it.
const { enableCompileCache } = require("node:module");
const { join } = require("node:path");
const { isSupported, remedy, supported } = require("./nodeVersion.cjs");

const { node } = process.versions;
if (!isSupported(node)) {
  refuse(
    `pod-network-routes needs ${supported} but ${process.execPath} is Node.js ${node}: ${remedy}`,
  );
}

const manifest = join(__dirname, "package.json");
if (require(manifest).type !== "module") {
  // Pulumi's SDK would load index.ts with require, never call the function that it exports, and so plan to delete everything.
  refuse(
    `"type": "module" is missing in ${manifest}, without it Pulumi does not run the program: npm pkg set type=module`,
  );
}

// Later runs compile nothing again. Where nothing can be written, Node.js goes on without a cache.
enableCompileCache(join(__dirname, "node_modules", ".cache", "node"));

function refuse(message) {
  console.error(message);
  // tells Pulumi's language host that the user knows the reason, as the SDK's cmd/run does
  process.exit(32);
}
