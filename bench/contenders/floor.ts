import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Kind, Site } from "../contender.ts";
import {
  type BenchEngine,
  programProcess,
  type StackContender,
  stackAt,
} from "../pulumi.ts";

/**
 * A yardstick: the same engine, plugin, hosts and number of sessions, loaded the same way, and nothing done in the sessions.
 *
 * @param directory where ../floor is, with its packages
 */
export function floor(
  engine: BenchEngine,
  directory: string,
  version: string,
): Kind {
  return {
    id: "floor",
    title: "engine floor",
    version,
    again: "looks at its state, contacts no host",
    changesNothing: true,
    program: programProcess,
    start: (site) => startFloor(engine, directory, site),
  };
}

/** The same, with its stack. */
export async function startFloor(
  engine: BenchEngine,
  directory: string,
  site: Site,
): Promise<StackContender> {
  const description = join(site.directory, "floor.json");
  const project = { name: "floor", directory };
  const env = { FLOOR: description };
  const connection = {
    user: "root",
    privateKey: readFileSync(site.lab.key, "utf8"),
  };
  return {
    ...(await stackAt(site, engine, project, env)),
    async describe(nodes) {
      const hosts = nodes.map(({ name, address }) => ({
        name,
        address,
        hostKey: site.lab.host(name).hostKey,
      }));
      writeFileSync(description, JSON.stringify({ hosts, connection }));
    },
  };
}
