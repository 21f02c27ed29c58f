import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once as event } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { canInstall, installTools } from "./base.ts";
import { once } from "./cache.ts";
import { run, step, tryRun, until } from "./exec.ts";
import { cache, root } from "./paths.ts";

/** moto, an EC2 API that is not ours, served on this machine alone. */
export interface Moto {
  readonly endpoint: string;
  /** Runs a Python program that may use boto3, AWS's own SDK; returns what it prints. */
  python(program: string, env: Record<string, string>): Promise<string>;
  stop(): Promise<void>;
}

const sources = join(root, "lab/moto");
const requirements = join(sources, "requirements.txt");

/** Why moto cannot be had on this machine, or undefined if nothing is in its way. */
export async function motoObstacle(): Promise<string | undefined> {
  const needs = "moto, the EC2 API of the tests, needs Python 3.10 or newer";
  const version = await pythonVersion();
  if (version !== undefined && !isRecent(version)) {
    return `${needs}; python3 is ${version}`;
  }
  return isInstalled(version) || (await hasPip()) || (await canInstall())
    ? undefined
    : `${needs}, and pip (python3 -m pip)`;
}

/** Starts a moto that knows nothing yet. It is installed first, once a machine. */
export async function startMoto(): Promise<Moto> {
  const packages = await install();
  const env = { ...withoutAws(), PYTHONPATH: packages };
  const child = spawn("python3", [join(sources, "serve.py")], {
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
      return url !== undefined && (await answers(url)) ? url : undefined;
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

async function answers(url: string): Promise<boolean> {
  return fetch(`${url}/moto-api/data.json`).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** Installs moto into a directory of its own, whatever Python packages the machine has besides. */
async function install(): Promise<string> {
  const obstacle = await motoObstacle();
  if (obstacle !== undefined) {
    throw new Error(obstacle);
  }
  if (!isInstalled(await pythonVersion()) && !(await hasPip())) {
    await installTools("pip3");
  }
  const directory = installed((await pythonVersion()) ?? "");
  return once(directory, async (unfinished) => {
    const options = ["--quiet", "--no-deps", "--only-binary=:all:"];
    await step(
      "Installing moto, an EC2 API for the tests (a quarter of a minute)",
      run("python3", [
        "-m",
        "pip",
        "install",
        ...options,
        "--target",
        unfinished,
        "--requirement",
        requirements,
      ]),
    );
  });
}

function isInstalled(python: string | undefined): boolean {
  return python !== undefined && existsSync(installed(python));
}

/** Where it is installed: what is compiled in it fits one version of Python. */
function installed(python: string): string {
  const hash = createHash("sha256")
    .update(readFileSync(requirements))
    .digest("hex");
  return join(cache, `moto-${hash.slice(0, 12)}-python${python}`);
}

/** Such as 3.11; undefined where there is no python3. */
async function pythonVersion(): Promise<string | undefined> {
  const program = "import sys; print('%d.%d' % sys.version_info[:2])";
  const { code, stdout } = await tryRun("sh", [
    "-c",
    `python3 -c "${program}"`,
  ]);
  return code === 0 ? stdout.trim() : undefined;
}

function isRecent(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major === 3 && minor >= 10;
}

async function hasPip(): Promise<boolean> {
  return (await tryRun("sh", ["-c", "python3 -m pip --version"])).code === 0;
}

/** The environment without what the user has set for AWS, for moto or for Python. */
function withoutAws(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(AWS|MOTO|PYTHON)/.test(name),
    ),
  );
}
