// Declares the routes that the JSON file $PROGRAM lists: `{ routes: { NAME: { ...args, opts } } }`.
// An argument may be `{ secret: VALUE }`, or `{ selfLinkOf: NAME }` of a route above it.
// With `clientConfig: true` the output of the same name is what getClientConfig returned.
const { readFileSync } = require("node:fs");
const { secret } = require("@pulumi/pulumi");
const { compute, organizations } = require("@pulumi/gcp");

const declared = JSON.parse(readFileSync(process.env.PROGRAM, "utf8"));
const routes = {};

function input(value) {
  if (value?.secret !== undefined) {
    return secret(value.secret);
  }
  return value?.selfLinkOf === undefined
    ? value
    : routes[value.selfLinkOf].selfLink;
}

for (const [name, { opts, ...args }] of Object.entries(declared.routes ?? {})) {
  const inputs = Object.entries(args).map(([key, value]) => [
    key,
    input(value),
  ]);
  routes[name] = new compute.Route(name, Object.fromEntries(inputs), opts);
}

module.exports = async () =>
  declared.clientConfig
    ? { clientConfig: await organizations.getClientConfig({}) }
    : {};
