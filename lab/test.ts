import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { join } from "node:path";
import { base, installTools, labObstacle } from "./base.ts";
import { getEngine } from "./engine.ts";
import { kubernetesObstacle } from "./kubernetes.ts";
import { Lab } from "./lab.ts";
import { motoObstacle } from "./moto.ts";
import { openstackObstacle } from "./openstack.ts";
import { root } from "./paths.ts";

/** Prepares what a tier needs. Returns why it cannot be run on this machine, or undefined if it can. */
type Obstacle = () => Promise<string | undefined>;

/** The tiers of the tests, folders under test/. */
const tiers: Record<string, Obstacle> = {
  project: async () => undefined,
  unit: async () => undefined,
  clouds: async () => (await motoObstacle()) ?? engineObstacle(),
  openstack: async () =>
    labObstacle() ??
    (await openstackObstacle()) ??
    (await engineObstacle()) ??
    lab(),
  flannel: async () =>
    labObstacle() ??
    (await lab()) ??
    (await kubernetesObstacle()) ??
    engineObstacle(),
  bench: async () => labObstacle() ?? (await engineObstacle()) ?? lab(),
  engine: async () => labObstacle() ?? (await engineObstacle()) ?? lab(),
  faults: async () => labObstacle() ?? (await engineObstacle()) ?? lab(),
};

/**
 * Runs the tests that this machine can run, and says which it left out.
 *
 * @param only paths of test files, to run these alone
 */
export async function test(only: readonly string[]): Promise<number> {
  const leftOut: string[] = [];
  const files: string[] = [];
  for (const [tier, obstacle] of Object.entries(tiers)) {
    const wanted = only.filter((file) => file.includes(`test/${tier}/`));
    if (only.length > 0 && wanted.length === 0) {
      continue;
    }
    const reason = await obstacle();
    if (reason === undefined) {
      files.push(...(only.length > 0 ? wanted : testsIn(join("test", tier))));
    } else {
      leftOut.push(`${tier} (${reason})`);
    }
  }
  const status = files.length === 0 ? 1 : runTests(files);
  for (const tier of leftOut) {
    console.log(`Left out: ${tier}`);
  }
  return status !== 0 || (leftOut.length > 0 && process.env.CI === "true")
    ? 1
    : 0;
}

function runTests(files: readonly string[]): number {
  const { status } = spawnSync(
    process.execPath,
    [
      "--test",
      "--test-concurrency=2",
      "--test-timeout=1800000",
      "--test-reporter=spec",
      "--test-reporter-destination=stdout",
      ...files,
    ],
    { cwd: root, stdio: "inherit" },
  );
  return status ?? 1;
}

let engine: Promise<string | undefined> | undefined;

/** Gets the engine with all plugins, and says which. */
function engineObstacle(): Promise<string | undefined> {
  engine ??= getEngine("command", "aws", "gcp", "openstack").then(
    ({ origin, standIns }) => {
      console.log(
        `Engine: ${origin}; not the official plugins of: ${standIns.join(", ") || "none"}`,
      );
      return undefined;
    },
    (error: Error) => error.message,
  );
  return engine;
}

let hosts: Promise<undefined> | undefined;

/** Gets ready what throwaway hosts are made of. */
function lab(): Promise<undefined> {
  hosts ??= makeReady();
  return hosts;
}

async function makeReady(): Promise<undefined> {
  await installTools(
    "ip",
    "ping",
    "ssh-keygen",
    "mmdebstrap",
    "systemd-nspawn",
  );
  await Lab.sweep();
  await base();
}

function testsIn(directory: string): string[] {
  return globSync(join(directory, "**/*.test.ts"), { cwd: root });
}
