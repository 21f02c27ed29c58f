// Declares the routes that the JSON file $PROGRAM lists, and asks Keystone what a token is
// good for: `{ routes: { NAME: [CLASS, args, opts] }, authScope: args }`. The answer is the output `scope`.
import { readFileSync } from "node:fs";
import { identity, networking } from "@pulumi/openstack";

const { routes, authScope } = JSON.parse(
  readFileSync(process.env.PROGRAM, "utf8"),
);
for (const [name, [type, args, opts]] of Object.entries(routes ?? {})) {
  new networking[type](name, args, opts);
}

export default async () =>
  authScope ? { scope: await identity.getAuthScope(authScope) } : {};
