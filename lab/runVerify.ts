import { verifyCli } from "../components/verify/verifyCli.ts";
import { Lab } from "./lab.ts";
import { labOf, root } from "./paths.ts";
import { labContext, ownContext } from "./verifyContext.ts";

// runVerify.ts own|lab OPTIONS: checks a stack of the user's, or the one of `npm start`.
const [whose, ...args] = process.argv.slice(2);
const context =
  whose === "lab" ? labContext(Lab.named(labOf(root)).netns) : ownContext;
process.exit(await verifyCli(args, context));
