import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type BenchNode,
  isController,
  namesOn,
  routesOn,
} from "./inventory.ts";

/** The mark of the routes of those contenders that can set one. */
const proto = 172;

/** What the peers that have no table of their own read theirs from, a file a host named after its address. */
export function writeTables(
  directory: string,
  nodes: readonly BenchNode[],
): void {
  rmSync(directory, { recursive: true, force: true });
  for (const sub of ["routes", "unroutes"]) {
    mkdirSync(join(directory, sub), { recursive: true });
  }
  for (const node of nodes) {
    const batch = (verb: string) =>
      routesOn(node, nodes)
        .map((route) => `route ${verb} ${route} proto ${proto}\n`)
        .join("");
    writeFileSync(join(directory, "routes", node.address), batch("replace"));
    writeFileSync(join(directory, "unroutes", node.address), batch("del"));
    if (isController(node)) {
      writeFileSync(
        join(directory, "names"),
        `${namesOn(node, nodes).join("\n")}\n`,
      );
    }
  }
}
