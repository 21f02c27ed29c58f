// Declares the routes that the JSON file $PROGRAM lists: `{ routes: { NAME: { ...args, opts } } }`.
// An argument may be `{ secret: VALUE }`, or `{ selfLinkOf: NAME }` of a route above it.
// With `clientConfig: true` the output of the same name is what getClientConfig returned.
import { readFileSync } from "node:fs";
import { compute, organizations } from "@pulumi/gcp";
import { secret } from "@pulumi/pulumi";

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

export default async () =>
  declared.clientConfig
    ? { clientConfig: await organizations.getClientConfig({}) }
    : {};
