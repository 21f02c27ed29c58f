import { join } from "node:path";
import { installTools } from "../lab/base.ts";
import { builtFrom, once } from "../lab/cache.ts";
import { run, tryRun } from "../lab/exec.ts";
import { goBuild } from "../lab/goBuild.ts";
import type { Kind } from "./contender.ts";
import { ansible } from "./contenders/ansible.ts";
import { floor } from "./contenders/floor.ts";
import { guide } from "./contenders/guide.ts";
import { openTofu } from "./contenders/opentofu.ts";
import { ours } from "./contenders/ours.ts";
import { parallelSsh } from "./contenders/parallelSsh.ts";
import { pyinfra } from "./contenders/pyinfra.ts";
import { scattered, writtenOnce } from "./contenders/variants.ts";
import type { Layout } from "./inventory.ts";
import { projectVersion } from "./machine.ts";
import { copyOfFloor, copyOfProject } from "./programs.ts";
import { type BenchEngine, benchEngine } from "./pulumi.ts";
import { Python } from "./python.ts";

/** The contenders that are measured with both inventories. */
const takesBoth = ["ours", "ssh"];

/** The yardsticks, which change nothing on the hosts: one run of each is the measure of both inventories. */
const takesNone = ["floor", "floor-once"];

/** All that takes part, ready to start. */
export interface Tools {
  readonly kinds: readonly Kind[];
  readonly engine: BenchEngine;
  /** A copy of this project, as its user has it, and the smallest program. */
  readonly project: string;
  readonly smallest: string;
}

/**
 * Gets contenders ready: found, built or installed, once a machine.
 *
 * @param directory where copies of programs are made
 * @param only the contenders, by id; all, if it is empty
 * @param layouts the inventories
 */
export async function getTools(
  directory: string,
  only: readonly string[] = [],
  layouts: readonly Layout[] = ["sequential"],
): Promise<Tools> {
  await installTools("ip", "ssh-keygen", "mmdebstrap");
  const engine = await benchEngine(join(directory, "pulumi-home"));
  const project = join(directory, "project");
  const smallest = join(directory, "floor");
  await copyOfProject(project);
  await copyOfFloor(smallest);
  const cli = await run(engine.pulumi, ["version"]);
  const pulumi = `Pulumi ${cli.trim()} (${engine.origin})`;
  const openssh = (await tryRun("ssh", ["-V"])).stderr.split(",")[0] ?? "";
  const version = `${await projectVersion()}, ${pulumi}`;
  const makers: Record<string, () => Kind | Promise<Kind>> = {
    ours: () => ours(engine, project, version),
    floor: () => floor(engine, smallest, pulumi),
    "ours-once": () => writtenOnce(ours(engine, project, version)),
    "floor-once": () => writtenOnce(floor(engine, smallest, pulumi)),
    ssh: () => parallelSsh(openssh),
    opentofu: builtTofu,
    pyinfra: async () => pyinfra(await Python.install()),
    ansible: async () => ansible(await Python.install()),
    guide: () => guide(openssh),
  };
  const unknown = only.find((id) => !Object.hasOwn(makers, id));
  if (unknown !== undefined) {
    const ids = Object.keys(makers).join(", ");
    throw new Error(`--only ${unknown}: expected some of ${ids}`);
  }
  const kinds: Kind[] = [];
  for (const [id, make] of Object.entries(makers)) {
    const isMeasured = layouts.includes("sequential") || takesNone.includes(id);
    const isScattered = layouts.includes("scattered") && takesBoth.includes(id);
    if (
      (only.length > 0 && !only.includes(id)) ||
      (!isMeasured && !isScattered)
    ) {
      continue;
    }
    const kind = await make();
    if (isMeasured) {
      kinds.push(kind);
    }
    if (isScattered) {
      kinds.push(scattered(kind));
    }
  }
  return { engine, project, smallest, kinds };
}

async function builtTofu(): Promise<Kind> {
  const directory = builtFrom("opentofu", "../bench/opentofu/go.mod");
  await once(directory, (unfinished) =>
    goBuild(unfinished, {
      what: "OpenTofu",
      takes: "five minutes",
      part: "../bench/opentofu",
      targets: ["github.com/opentofu/opentofu/cmd/tofu"],
      ldflags: "-s -w -X github.com/opentofu/opentofu/version.dev=no",
    }),
  );
  const tofu = join(directory, "tofu");
  const [version = "unknown"] =
    /^OpenTofu v.*$/m.exec(await run(tofu, ["version"])) ?? [];
  return openTofu(tofu, version);
}
