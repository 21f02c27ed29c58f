// What Pulumi loads: index.ts, without the TypeScript compiler.
require("./register");
require("./deferred");

module.exports = require("./index.ts");
