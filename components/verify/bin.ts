#!/usr/bin/env node
import { verifyCli } from "./verifyCli.ts";

verifyCli(process.argv.slice(2), {
  command: "npx pod-network-routes-verify",
}).then((code) => process.exit(code));
