import { parseArgs } from "node:util";
import { root } from "../../lab/paths.ts";
import { campaign } from "./campaign.ts";

/** `npm run test:faults -- [--runs N] [--seed N]`: exit code 1 if a promise was broken. */
export async function faults(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: "string", default: "32" },
      seed: { type: "string", default: "1" },
    },
  });
  const [runs, seed] = [Number(values.runs), Number(values.seed)];
  if (!Number.isInteger(runs) || !Number.isInteger(seed) || runs < 1) {
    console.error("usage: npm run test:faults -- [--runs N] [--seed N]");
    return 1;
  }
  const { injected, violations } = await campaign({
    runs,
    seed,
    project: root,
    say: console.log,
  });
  for (const [kind, { runs, hits }] of injected) {
    console.log(`${kind}: ${runs} runs, ${hits} hit something`);
  }
  console.log(`${runs} runs, seed ${seed}: ${violations.length} violations`);
  return violations.length === 0 ? 0 : 1;
}
