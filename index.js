// What Pulumi loads: index.ts, without the TypeScript compiler.
require("./register");

module.exports = require("./index.ts");
