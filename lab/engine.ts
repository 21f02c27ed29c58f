import { existsSync, rmSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { builtFrom, mark, once, wasMarkedToday } from "./cache.ts";
import { step, tryRun } from "./exec.ts";
import { goBuild, moduleVersion } from "./goBuild.ts";
import { cache } from "./paths.ts";
import { home, type PluginName, providePlugin } from "./plugin.ts";

/** The oldest Pulumi CLI that is accepted: the tests have passed with it, and it runs programs that use @pulumi/pulumi 3.276. */
const oldest = "3.220.0";

/** Stands in for Pulumi's own, of which Go's module proxy has no current version. */
const languageHost = "engine/cli/pulumi-language-nodejs";

/**
 * Large packages that the CLI has for commands and backends that the lab does not use: Pulumi Cloud's API, AWS.
 * That they are not optimized saves an eighth of the build's processor time.
 */
const notUsedHere = [
  "github.com/pb33f/libopenapi/...",
  "github.com/aws/aws-sdk-go-v2/service/...",
];

/** A Pulumi engine that is ready to use. */
export interface Engine {
  readonly pulumi: string;
  /** Where it came from, for people. */
  readonly origin: string;
  /** The plugins that are not the official ones: ours stand in for them, or we have built them. */
  readonly standIns: readonly PluginName[];
  /** Environment for the engine, on top of the process's own. */
  readonly env: Record<string, string>;
}

type Cli = Pick<Engine, "pulumi" | "origin">;

/** Finds or gets the engine and these plugins: what is on this machine, else Pulumi's own download, else what Go modules and our stand-ins can give. */
export async function getEngine(...plugins: PluginName[]): Promise<Engine> {
  const { pulumi, origin } =
    (await onPath()) ?? (await downloaded()) ?? (await built());
  const env = {
    PULUMI_HOME: home,
    // Every plugin that is needed is there already; without this the engine would ask for those of
    // all the cloud SDKs in node_modules, needed or not.
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
  const standIns: PluginName[] = [];
  for (const name of plugins) {
    if (await providePlugin(name, pulumi, env)) {
      standIns.push(name);
    }
  }
  return { pulumi, origin, standIns, env };
}

/** The whole environment for an engine that keeps its state in the directory `state`. */
export function environment(
  { pulumi, env }: Engine,
  state: string,
): NodeJS.ProcessEnv {
  return {
    ...process.env,
    ...env,
    PATH: `${dirname(pulumi)}${delimiter}${process.env.PATH}`,
    PULUMI_BACKEND_URL: `file://${state}`,
  };
}

async function onPath(): Promise<Cli | undefined> {
  for (const directory of (process.env.PATH ?? "").split(delimiter)) {
    const pulumi = join(directory, "pulumi");
    if (existsSync(pulumi)) {
      const version = (await tryRun(pulumi, ["version"])).stdout.trim();
      if (isRecent(version)) {
        return { pulumi, origin: `${pulumi} ${version}` };
      }
      console.log(`${pulumi} is ${version}, at least v${oldest} is needed`);
    }
  }
  return undefined;
}

function isRecent(version: string): boolean {
  const [, numbers] = /^v?(\d+\.\d+\.\d+)/.exec(version) ?? [];
  const options = { numeric: true };
  return (numbers ?? "0").localeCompare(oldest, "en", options) >= 0;
}

/** Pulumi's own installer, by way of its SDK. A machine that cannot reach it is not asked again for a day. */
async function downloaded(): Promise<Cli | undefined> {
  const directory = join(cache, "pulumi-download");
  const pulumi = join(directory, "bin/pulumi");
  const failed = join(cache, "pulumi-download-failed");
  if (!existsSync(pulumi)) {
    if (
      existsSync(join(builtDirectory(), "pulumi")) &&
      wasMarkedToday(failed)
    ) {
      return undefined;
    }
    const { PulumiCommand } = await import("@pulumi/pulumi/automation/cmd.js");
    try {
      await step(
        "Downloading the Pulumi CLI",
        PulumiCommand.install({ root: directory }),
      );
    } catch {
      console.log("Pulumi's downloads cannot be reached from here");
      rmSync(directory, { recursive: true, force: true });
      mark(failed);
      return undefined;
    }
  }
  return { pulumi, origin: "Pulumi's download" };
}

function builtDirectory(): string {
  return builtFrom("engine", "engine/cli/go.mod", `${languageHost}/main.go`);
}

/** The same programs, compiled from the Go modules that Pulumi publishes. */
async function built(): Promise<Cli> {
  const directory = await once(builtDirectory(), build);
  return { pulumi: join(directory, "pulumi"), origin: "built from Go modules" };
}

async function build(directory: string): Promise<void> {
  const part = "engine/cli";
  const module = "github.com/pulumi/pulumi";
  const version = moduleVersion(part, `${module}/pkg/v3`);
  await goBuild(directory, {
    what: "Pulumi CLI",
    takes: "three to four minutes",
    part,
    targets: [`${module}/pkg/v3/cmd/pulumi`, "./pulumi-language-nodejs"],
    ldflags: `-s -w -X ${module}/sdk/v3/go/common/version.Version=${version}`,
    unoptimized: notUsedHere,
  });
}
