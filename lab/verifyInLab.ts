import { verifyCli } from "../components/verify/verifyCli.ts";
import { Lab } from "./lab.ts";
import { labOf, root } from "./paths.ts";
import { labContext } from "./verifyContext.ts";

const { netns } = Lab.named(labOf(root));
verifyCli(process.argv.slice(2), labContext(netns)).then((code) =>
  process.exit(code),
);
