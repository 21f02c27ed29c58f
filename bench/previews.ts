import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { devHosts, devNodes } from "../lab/devNodes.ts";
import { Lab } from "../lab/lab.ts";
import { root } from "../lab/paths.ts";
import type { Site } from "./contender.ts";
import { startFloor } from "./contenders/floor.ts";
import type { Figure } from "./figures.ts";
import { cleaning } from "./interrupt.ts";
import { measure } from "./measure.ts";
import { type StackContender, stackAt } from "./pulumi.ts";
import type { Tools } from "./tools.ts";

/** Previews of the stack `dev`, unchanged, each followed by one of an unchanged program that has a single command. */
export async function measurePreviews(
  tools: Tools,
  parent: string,
  pairs: number,
): Promise<Figure[]> {
  const lab = await Lab.raise(`b${process.pid}p`, ["198.19.249.1/24"]);
  return cleaning(
    () => lab.down(),
    async () => {
      const nodes = devNodes();
      await lab.add(...devHosts(nodes));
      const site = (name: string): Site => {
        const directory = join(parent, "preview", name);
        mkdirSync(directory, { recursive: true });
        return { lab, directory, parallel: 8 };
      };
      const dev = await devStack(tools, site("dev"));
      const empty = await startFloor(
        tools.engine,
        tools.smallest,
        site("empty"),
      );
      await empty.describe(
        nodes.slice(0, 1).map(({ name, address }) => ({
          name,
          address,
          internalIps: [address],
          podCidrs: [],
        })),
      );
      const log = join(parent, "preview.log");
      await measure(dev.apply(), log);
      await measure(empty.apply(), log);
      const figures: Figure[] = [];
      for (let round = 1; round <= pairs; round++) {
        for (const [contender, { cli }, hosts] of [
          ["ours", dev, nodes.length],
          ["floor", empty, 1],
        ] as const) {
          const cost = await measure(
            cli("preview", "--expect-no-changes"),
            log,
          );
          figures.push({ hosts, round, contender, measure: "preview", cost });
        }
      }
      return figures;
    },
  );
}

/** The stack of `npm start`, in the copy of the project. */
async function devStack(
  tools: Tools,
  site: Site,
): Promise<Omit<StackContender, "describe">> {
  const { project: directory, engine } = tools;
  const keys = join(directory, ".lab");
  mkdirSync(keys, { recursive: true });
  copyFileSync(site.lab.key, join(keys, "id_ed25519"));
  copyFileSync(site.lab.knownHosts, join(keys, "known_hosts"));
  const project = { name: "pod-network-routes", directory };
  const started = await stackAt(site, engine, project);
  started.stack.configure(readFileSync(join(root, "Pulumi.dev.yaml"), "utf8"));
  return started;
}
