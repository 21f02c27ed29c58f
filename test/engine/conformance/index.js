// Declares the remote commands that the JSON file $PROGRAM lists: `{ NAME: { ...args, opts } }`.
// `stdin: { stdoutOf: NAME }` stands for the output of a command above it.
import { readFileSync } from "node:fs";
import { remote } from "@pulumi/command";

const commands = {};
for (const [name, { opts, ...args }] of Object.entries(
  JSON.parse(readFileSync(process.env.PROGRAM, "utf8")),
)) {
  if (args.stdin?.stdoutOf !== undefined) {
    args.stdin = commands[args.stdin.stdoutOf].stdout;
  }
  commands[name] = new remote.Command(name, args, opts);
}
