import "../deferred";
import { verifyCli } from "../components/verify/cli";
import { Lab } from "./lab";
import { labOf, root } from "./paths";
import { labContext } from "./verifyContext";

const { netns } = Lab.named(labOf(root));
verifyCli(process.argv.slice(2), labContext(netns)).then((code) =>
  process.exit(code),
);
