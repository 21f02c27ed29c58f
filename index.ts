import { readConfig, userErrors } from "./program/config.ts";
import { declareAll } from "./program/declareTargets.ts";

/**
 * The route table of the cluster, and what belongs to its target. See README.md for what each output is.
 * It is a function, which Pulumi calls and waits for: of a promise's error Node.js would warn before that.
 */
export default () => userErrors(async () => declareAll(await readConfig()));
