// Declares the routes and calls the functions that the JSON file $PROGRAM lists:
// `{ routes: { NAME: { ...args, opts } }, functions: { NAME: [FUNCTION, args] } }`.
// What the functions return, or the message with which they fail, are the outputs.
import { readFileSync } from "node:fs";
import { ec2 } from "@pulumi/aws";

const { routes, functions } = JSON.parse(
  readFileSync(process.env.PROGRAM, "utf8"),
);
for (const [name, { opts, ...args }] of Object.entries(routes ?? {})) {
  new ec2.Route(name, args, opts);
}

export default async () =>
  Object.fromEntries(
    await Promise.all(
      Object.entries(functions ?? {}).map(async ([name, [fn, args]]) => [
        name,
        await ec2[fn](args).catch(({ message }) => ({ error: message })),
      ]),
    ),
  );
