// Node.js loads this before Pulumi's SDK and the program: `nodeargs` in Pulumi.yaml.
// Plain CommonJS, because Node.js versions that are too old must be able to read it.
const { enableCompileCache } = require("node:module");
const { join } = require("node:path");
const { isSupported, remedy, supported } = require("./nodeVersion.cjs");

const { node } = process.versions;
if (!isSupported(node)) {
  console.error(
    `pod-network-routes needs ${supported} but ${process.execPath} is Node.js ${node}: ${remedy}`,
  );
  // tells Pulumi's language host that the user knows the reason, as the SDK's cmd/run does
  process.exit(32);
}

// Later runs compile nothing again. Where nothing can be written, Node.js goes on without a cache.
enableCompileCache(join(__dirname, "node_modules", ".cache", "node"));
