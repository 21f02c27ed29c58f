import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { reportSchema } from "../../components/verify/verifyReport.ts";
import { environment, getEngine } from "../../lab/engine.ts";
import { type Result, run, tryRun } from "../../lab/exec.ts";
import { Lab } from "../../lab/lab.ts";
import { cache, labOf, root } from "../../lab/paths.ts";
import { blocksRunBy } from "../readmeBlocks.ts";
import { reportFaults } from "../stacks.ts";
import { temporaryDirectory } from "../temporaryDirectory.ts";
import { traces } from "./traces.ts";

const directory = temporaryDirectory("verify");
const clone = join(directory, "clone");
/** A machine on which there is no Pulumi CLI. */
const withoutCli = {
  ...process.env,
  HOME: directory,
  XDG_CACHE_HOME: dirname(cache),
  PATH: (process.env.PATH ?? "")
    .split(delimiter)
    .filter((folder) => !existsSync(join(folder, "pulumi")))
    .join(delimiter),
};

before(async () => {
  await run("git", ["clone", "-q", root, clone]);
  symlinkSync(join(root, "node_modules"), join(clone, "node_modules"));
});
/** Runs the command that README gives for scripts. */
function verify(env: NodeJS.ProcessEnv, ...args: string[]): Promise<Result> {
  const command = ["lab/run.mjs", "verify", ...args];
  return tryRun(process.execPath, command, { cwd: clone, env });
}

describe("verify on stacks of a user's own", () => {
  let env: NodeJS.ProcessEnv;

  before(async () => {
    const engine = await getEngine("command");
    env = {
      ...environment(engine, directory),
      HOME: directory,
      // where the CLI keeps which stack is selected
      PULUMI_HOME: join(directory, "pulumi"),
      PULUMI_CONFIG_PASSPHRASE: "a test's",
    };
    await pulumi("stack", "init", "mine", "--no-select");
  });

  const pulumi = (...args: string[]) =>
    run("pulumi", args, { cwd: clone, env });

  it("is the command that README gives for scripts", () => {
    const [command = ""] = blocksRunBy("test/engine/verifyCommand.test.ts");
    assert.equal(command.trim(), "node lab/run.mjs verify --stack prod --json");
  });

  it("prints its options and exit codes when it is asked for help", async () => {
    for (const flag of ["--help", "-h"]) {
      const { code, stdout, stderr } = await verify(env, flag);
      assert.deepEqual([code, stderr], [0, ""]);
      for (const part of ["--stack", "--config-file", "--json", "--help"]) {
        assert.ok(stdout.includes(`${part} `), stdout);
      }
      assert.match(stdout, /0 .*, 1 .*, 2 /);
    }
  });

  it("refuses what is no option, and says where they are shown", async () => {
    for (const wrong of ["--nope", "prod", "--stack=", "--stack"]) {
      const { code, stdout, stderr } = await verify(env, wrong);
      assert.deepEqual([code, stdout], [2, ""]);
      assert.ok(stderr.includes(wrong.replace(/=$/, "")), stderr);
      assert.match(stderr, /npm run verify -- --help\n$/);
      assert.equal(stderr.trim().split("\n").length, 2);
    }
  });

  it("says that there is no such stack, and how those that are there are listed", async () => {
    const { code, stdout, stderr } = await verify(env, "--stack", "nope");
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /^there is no stack nope; .*: pulumi stack ls\n$/);
    assert.match(await pulumi("stack", "ls"), /^mine /m);
  });

  it("checks the stack that is selected where none is named", async () => {
    const none = await verify(env);
    assert.equal(none.code, 2);
    assert.match(none.stderr, /^no stack is selected; .*: pulumi stack ls\n$/);

    await pulumi("stack", "select", "mine");
    const { code, stdout, stderr } = await verify(env, "--json");
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /^stack mine holds no pod network routes/m);
  });

  it("says so if the Pulumi CLI is not on the PATH, and where to get it", async () => {
    for (const args of [[], ["--stack", "mine"]]) {
      const { code, stdout, stderr } = await verify(withoutCli, ...args);
      assert.deepEqual([code, stdout], [2, ""]);
      assert.match(stderr, /^the Pulumi CLI is not on the PATH; .*https:/);
    }
  });
});

describe("verify in the lab of npm start, for a user without a Pulumi CLI", () => {
  const lab = () => Lab.named(labOf(clone));
  const env = {
    ...withoutCli,
    // what a person answers to `pulumi up`
    PULUMI_SKIP_CONFIRMATIONS: "true",
    // of another stack
    PULUMI_CONFIG_PASSPHRASE: "a user's",
  };
  const npm = (...args: string[]) => tryRun("npm", args, { cwd: clone, env });
  const asPrinted = (command: string) =>
    run("sh", ["-c", command], { cwd: clone, env });

  before(async () => {
    const { code, stdout, stderr } = await npm("start");
    assert.equal(code, 0, stdout + stderr);
  });
  after(async () => {
    await npm("stop");
    assert.equal(await traces(labOf(clone)), "");
  });

  async function checked(...args: string[]) {
    const { code, stdout } = await verify(env, "--json", ...args);
    return { code, report: reportSchema.parse(JSON.parse(stdout)) };
  }

  it("finds all well with the engine of the lab", async () => {
    for (const args of [[], ["--stack", "dev"], ["-s", "dev"]]) {
      const { code, report } = await checked(...args);
      assert.deepEqual([code, report.stack, report.ok], [0, "dev", true]);
    }
  });

  it("prints nothing but the report on standard output, also where the user's CLI is too old for the lab", async () => {
    const bin = join(directory, "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "pulumi"), "#!/bin/sh\necho v3.0.0\n");
    chmodSync(join(bin, "pulumi"), 0o755);
    const old = { ...env, PATH: `${bin}${delimiter}${env.PATH}` };
    const { stdout, stderr } = await verify(old, "--json", "--stack", "dev");
    assert.match(stderr, /v3\.0\.0/);
    assert.ok(reportSchema.parse(JSON.parse(stdout)).ok);
  });

  it("prints commands that fix the lab as they are", async () => {
    await lab().on("node-0", "ip route del 10.200.1.0/24");
    await lab().on(
      "node-1",
      "ip route add 10.200.0.128/25 via 198.19.249.33 dev ens160",
    );
    const { code, report } = await checked();
    assert.equal(code, 1);
    assert.deepEqual(reportFaults(report), [
      "node-0: missing 10.200.1.0/24",
      "node-1: foreign 10.200.0.128/25",
    ]);
    for (const { severity, fix = "" } of report.hosts.flatMap(
      ({ findings }) => findings,
    )) {
      if (severity === "fault") {
        await asPrinted(fix);
      }
    }
    assert.equal((await checked()).code, 0);
  });

  it("lists the stacks of the lab where it does not have the one that is named", async () => {
    const { code, stdout, stderr } = await verify(env, "--stack", "nope");
    assert.deepEqual([code, stdout], [2, ""]);
    const [, list = ""] =
      /^there is no stack nope; .*: (.*)\n$/.exec(stderr) ?? [];
    assert.match(await asPrinted(list), /^dev/m);
  });

  it("is what npm start points to when a ping fails, which then fails too", async () => {
    await lab().on("node-0", "ip route del 10.200.1.0/24");
    const { code, stdout, stderr } = await npm("start");
    assert.equal(code, 1);
    assert.match(stdout, /node-0 +ok +FAILS/);
    const [, command = ""] = /: (npm run verify .*)$/m.exec(stderr) ?? [];
    const said = await tryRun("sh", ["-c", command], { cwd: clone, env });
    assert.equal(said.code, 1);
    assert.match(said.stdout, /missing +10\.200\.1\.0\/24/);
    await lab().on(
      "node-0",
      "ip route add 10.200.1.0/24 via 198.19.249.136 proto 173",
    );
  });

  it("sees only the machines that are left, and so does the table of npm start", async () => {
    const file = join(clone, "examples/machines.txt");
    const before = readFileSync(file, "utf8");
    writeFileSync(file, before.replace(/.* node-1 .*\n/, ""));
    const { code, stdout, stderr } = await npm("start");
    assert.equal(code, 0, stdout + stderr);
    const [, table = ""] =
      /Pings from pod to pod:\n([\s\S]*?)\n\n/.exec(stdout) ?? [];
    assert.match(table, /node-0 +ok/);
    assert.doesNotMatch(table, /node-1/);
    assert.match(stdout, /node-1.* until npm stop/);
    const { report } = await checked();
    assert.deepEqual(
      report.hosts.map(({ node }) => node),
      ["node-0", "server"],
    );

    writeFileSync(file, before);
    const again = await npm("start");
    assert.equal(again.code, 0, again.stdout + again.stderr);
    assert.match(again.stdout, /node-1 +ok +ok/);
  });
});
