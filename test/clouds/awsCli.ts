import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "../../lab/cache.ts";
import { run, step } from "../../lab/exec.ts";
import { cache, root } from "../../lab/paths.ts";
import type { Ec2 } from "./ec2.ts";

/** A shell that has the AWS CLI as `aws`, which speaks to an EC2 of the tests. */
export interface AwsCli {
  /** Runs a line as it stands, and returns what it prints. */
  shell(line: string): Promise<string>;
  remove(): void;
}

const requirements = join(root, "lab/moto/awscli.txt");

export async function awsCli(ec2: Ec2): Promise<AwsCli> {
  const path = [await install(), await ec2.pythonPath()].join(":");
  const directory = mkdtempSync(join(tmpdir(), "aws-cli-"));
  writeFileSync(
    join(directory, "aws"),
    `#!/bin/sh\nPYTHONPATH='${path}' exec python3 -m awscli "$@"\n`,
    { mode: 0o755 },
  );
  const given = Object.entries(ec2.env).filter(([, value]) => value !== "");
  const env = {
    HOME: directory,
    LC_ALL: "C.UTF-8",
    AWS_PAGER: "",
    ...Object.fromEntries(given),
    PATH: `${directory}:${process.env.PATH}`,
  };
  return {
    shell: (line) => run("/bin/sh", ["-c", line], { env, cwd: directory }),
    remove: () => rmSync(directory, { recursive: true }),
  };
}

function install(): Promise<string> {
  const hash = createHash("sha256")
    .update(readFileSync(requirements))
    .digest("hex");
  return once(
    join(cache, `awscli-${hash.slice(0, 12)}`),
    async (unfinished) => {
      const options = ["--quiet", "--no-deps", "--only-binary=:all:"];
      await step(
        "Installing the AWS CLI, for the tests (some seconds)",
        run("python3", [
          "-m",
          "pip",
          "install",
          ...options,
          "--require-hashes",
          "--target",
          unfinished,
          "--requirement",
          requirements,
        ]),
      );
    },
  );
}
