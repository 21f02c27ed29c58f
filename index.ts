import { readConfig, userErrors } from "./components/config";
import { declare } from "./components/targets";

/** The route table of the cluster, and what belongs to its target. See README.md for what each output is. */
export = userErrors(() => {
  const outputs = readConfig().map(({ target, args }) => declare(target, args));
  // of two targets, the first one's table is the stack's
  return Object.assign({}, ...outputs.reverse());
});
