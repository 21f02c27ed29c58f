import { spawn } from "node:child_process";
import { once as event } from "node:events";
import { join } from "node:path";
import { canInstall } from "./base.ts";
import { answers, run, until } from "./exec.ts";
import { root } from "./paths.ts";
import { hasPip, isInstalled, pipInstall, pythonVersion } from "./pip.ts";

/** moto, an EC2 API that is not ours, served on this machine alone. */
export interface Moto {
  readonly endpoint: string;
  /** Runs a Python program that may use boto3, AWS's own SDK; returns what it prints. */
  python(program: string, env: Record<string, string>): Promise<string>;
  stop(): Promise<void>;
}

const requirements = "moto/requirements.txt";

/** Why moto cannot be had on this machine, or undefined if nothing is in its way. */
export async function motoObstacle(): Promise<string | undefined> {
  const needs = "moto, the EC2 API of the tests, needs Python 3.10 or newer";
  const version = await pythonVersion();
  if (version !== undefined && !isRecent(version)) {
    return `${needs}; python3 is ${version}`;
  }
  return isInstalled("moto", requirements, version) ||
    (await hasPip()) ||
    (await canInstall())
    ? undefined
    : `${needs}, and pip (python3 -m pip)`;
}

/** Starts a moto that knows nothing yet. It is installed first, once a machine. */
export async function startMoto(): Promise<Moto> {
  const packages = await install();
  const env = { ...withoutAws(), PYTHONPATH: packages };
  const child = spawn("python3", [join(root, "lab/moto/serve.py")], {
    env,
    stdio: ["pipe", "ignore", "pipe"],
  });
  let said = "";
  const listen = (data: Buffer) => {
    said += data;
  };
  child.stderr.on("data", listen);
  const ended = event(child, "close");
  const stop = async () => {
    child.kill();
    await ended;
  };
  try {
    const endpoint = await until("moto answers", async () => {
      if (child.exitCode !== null) {
        throw new Error(`moto did not start:\n${said}`);
      }
      const [, url] = /Running on (http:\S+)/.exec(said) ?? [];
      return url !== undefined && (await answers(`${url}/moto-api/data.json`))
        ? url
        : undefined;
    });
    // it writes a line a request, which would fill the pipe
    child.stderr.off("data", listen).resume();
    const python = (program: string, more: Record<string, string>) =>
      run("python3", ["-c", program], { env: { ...env, ...more } });
    return { endpoint, python, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Installs moto, unless it is there; returns the directory of its packages. */
async function install(): Promise<string> {
  const obstacle = await motoObstacle();
  if (obstacle !== undefined) {
    throw new Error(obstacle);
  }
  return pipInstall(
    "moto",
    requirements,
    "Installing moto, an EC2 API for the tests (a quarter of a minute)",
  );
}

function isRecent(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major === 3 && minor >= 10;
}

/** The environment without what the user has set for AWS, for moto or for Python. */
function withoutAws(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(AWS|MOTO|PYTHON)/.test(name),
    ),
  );
}
