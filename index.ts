import { readConfig, userErrors } from "./components/config";
import { declareAll } from "./components/targets";

/**
 * The route table of the cluster, and what belongs to its target. See README.md for what each output is.
 * It is a function, which Pulumi calls and waits for: of a promise's error Node.js would warn before that.
 */
export = () => userErrors(async () => declareAll(await readConfig()));
