import { readConfig, userErrors } from "./components/config";
import { declare } from "./components/targets";

/** The route table of the cluster, and what belongs to its target. See README.md for what each output is. */
export = userErrors(() => {
  const { target, args } = readConfig();
  return declare(target, args);
});
