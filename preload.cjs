// Node.js loads this before Pulumi's SDK and the program: `nodeargs` in Pulumi.yaml.
// Plain CommonJS, because Node.js versions that are too old must be able to read it.
const { enableCompileCache } = require("node:module");
const { join } = require("node:path");
const { isSupported, supported } = require("./nodeVersion.cjs");

const { node } = process.versions;
if (!isSupported(node)) {
  console.error(
    `pod-network-routes needs ${supported}, and this is Node.js ${node} (${process.execPath}): install Node.js 24 (https://nodejs.org/en/download), put it first in PATH and run the command again`,
  );
  // tells Pulumi's language host that the user knows the reason (nodeJSProcessExitedAfterLoggingUserActionableMessage in the SDK's cmd/run)
  process.exit(32);
}

// Later runs compile nothing again. Where nothing can be written, Node.js goes on without a cache.
enableCompileCache(join(__dirname, "node_modules", ".cache", "node"));
