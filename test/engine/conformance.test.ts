// What this project relies on in the command plugin, checked with the real engine and a real SSH
// server. Runs against the plugin that the project uses on this machine, or against the one in
// $COMMAND_PLUGIN_DIR: the stand-in and the official plugin have to pass alike.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { types } from "@pulumi/command";
import type { Engine } from "../../lab/engine.ts";
import { run, tryRun, until } from "../../lab/exec.ts";
import { Lab } from "../../lab/lab.ts";
import { changesIn } from "../stacks.ts";
import { temporaryDirectory } from "../temporaryDirectory.ts";
import { type Command, CommandStack, engineUnderTest } from "./commandStack.ts";

type Connection = types.input.remote.ConnectionArgs;

let lab: Lab;
let engine: Engine;
const directory = temporaryDirectory("conformance");

before(async () => {
  const { plugin, ...found } = await engineUnderTest(directory);
  engine = found;
  console.log(`Command plugin under test: ${plugin}`);
  lab = await Lab.raise(`c${process.pid % 100000}`, ["10.240.0.1/24"]);
  await lab.add(
    { name: "one", addresses: ["10.240.0.11/24"], kind: "plain" },
    { name: "two", addresses: ["10.240.0.12/24"], kind: "plain" },
  );
});

after(() => lab.down());

describe("the life of a command", () => {
  let stack: CommandStack;
  const commands = (stdin: string): Record<string, Command> => ({
    updated: {
      connection: to("one"),
      create: `${note("updated", "create")}; echo out; echo; echo err >&2; echo >&2`,
      update: note("updated", "update"),
      delete: note("updated", "delete"),
      stdin,
    },
    created: {
      connection: to("one"),
      create: `${note("created", "create")}; tail -n 1 /root/created`,
      stdin,
    },
    dependent: {
      connection: to("one"),
      create: note("dependent", "create"),
      stdin: { stdoutOf: "created" },
    },
    triggered: {
      connection: to("one"),
      create: note("triggered", "create"),
      update: note("triggered", "update"),
      delete: note("triggered", "delete"),
      stdin: "always",
      triggers: [1],
    },
  });

  before(async () => {
    stack = await newStack("life");
    await stack.up(commands("first"));
  });

  test("create runs once, with standard input", async () => {
    assert.deepEqual(await ran("one", "updated"), ["create first"]);
    assert.deepEqual(await ran("one", "created"), ["create first"]);
  });

  test("the outputs are what it printed, less one newline at the end", () => {
    const { stdout, stderr } = stack.commands.updated?.outputs ?? {};
    assert.deepEqual({ stdout, stderr }, { stdout: "out\n", stderr: "err\n" });
  });

  test("the output of one command can be the input of another", async () => {
    assert.deepEqual(await ran("one", "dependent"), ["create create first"]);
  });

  test("the connection is encrypted in the state", () => {
    const key = readFileSync(lab.key, "utf8").split("\n")[1] ?? "";
    assert.ok(key.length > 40);
    for (const secret of [key, lab.host("one").address]) {
      assert.ok(!stack.stateText.includes(secret), `${secret} is in the state`);
    }
    assert.ok(stack.stateText.includes("create first"), "the rest is not");
  });

  test("an unchanged command is not run", async () => {
    await stack.up(commands("first"), "--expect-no-changes");
    assert.deepEqual(await ran("one", "updated"), ["create first"]);
    assert.deepEqual(await ran("one", "created"), ["create first"]);
  });

  test("a preview of changes runs nothing, and does not know the new outputs", async () => {
    const plan = await stack.run(commands("second"), "preview", "--json");
    const { update } = changesIn(plan.stdout);
    assert.deepEqual(update, ["created", "dependent", "updated"]);
    assert.deepEqual(await ran("one", "updated"), ["create first"]);
    assert.deepEqual(await ran("one", "created"), ["create first"]);
  });

  test("a changed input runs update, or create where there is no update", async () => {
    await stack.up(commands("second"));
    assert.deepEqual(await ran("one", "updated"), [
      "create first",
      "update second",
    ]);
    assert.deepEqual(await ran("one", "created"), [
      "create first",
      "create second",
    ]);
    assert.deepEqual(await ran("one", "triggered"), ["create always"]);
  });

  test("a refresh runs nothing and finds no drift", async () => {
    const { code, stdout, stderr } = await stack.run(
      commands("second"),
      "refresh",
      "--yes",
      "--skip-preview",
      "--expect-no-changes",
    );
    assert.equal(code, 0, stdout + stderr);
    assert.equal((await ran("one", "updated")).length, 2);
  });

  test("a changed connection alone runs update on the new host, and nothing on the old one", async () => {
    const { updated, ...rest } = commands("second");
    await stack.up({ ...rest, updated: { ...updated, connection: to("two") } });
    assert.deepEqual(await ran("two", "updated"), ["update second"]);
    assert.equal((await ran("one", "updated")).length, 2);
  });

  test("changed triggers create anew, and then delete what was there", async () => {
    const { triggered, updated, ...rest } = commands("second");
    await stack.up({
      ...rest,
      updated: { ...updated, connection: to("two") },
      triggered: { ...triggered, connection: to("one"), triggers: [2] },
    });
    assert.deepEqual(await ran("one", "triggered"), [
      "create always",
      "create always",
      "delete always",
    ]);
  });

  test("delete runs with the stored input on the stored host", async () => {
    await stack.up({});
    assert.deepEqual(await ran("two", "updated"), [
      "update second",
      "delete second",
    ]);
    assert.equal((await ran("one", "updated")).length, 2);
    assert.deepEqual(stack.commands, {});
  });
});

describe("a command that fails", () => {
  let stack: CommandStack;
  let said: Record<string, string>;
  const failing = `${note("failing", "create")}; echo "some \\"output\\""; echo "some error" >&2; exit 3`;
  const update = `${note("failing", "update")}; test -e /root/fixed`;

  before(async () => {
    stack = await newStack("failures");
    said = await stack.upFails({
      failing: { connection: to("one"), create: failing, stdin: "input" },
      killed: { connection: to("one"), create: "kill -TERM $$" },
      dependent: {
        connection: to("one"),
        create: note("dependent-of-failing", "create"),
        stdin: { stdoutOf: "failing" },
      },
      other: { connection: to("one"), create: "true" },
    });
  });

  test("is named with its exit status and all its output", () => {
    const text = said.failing ?? "";
    assert.match(text, /error: .*Process exited with status 3: running "/);
    assert.ok(text.includes(JSON.stringify(failing)), text);
    assert.ok(text.includes('some "output"'), text);
    assert.ok(text.includes("some error"), text);
  });

  test("is named with the signal that killed it", () => {
    assert.match(
      said.killed ?? "",
      /Process exited with status 143 from signal TERM: running "kill -TERM \$\$"/,
    );
  });

  test("leaves no resource where it was a create, and is run again by the next up", async () => {
    assert.deepEqual(Object.keys(stack.commands), ["other"]);
    const create = note("failing", "create");
    await stack.up({
      failing: { connection: to("one"), create, stdin: "input" },
    });
    assert.deepEqual(await ran("one", "failing"), [
      "create input",
      "create input",
    ]);
  });

  test("holds up the commands that depend on it, and no others", async () => {
    assert.deepEqual(await ran("one", "dependent-of-failing"), []);
  });

  test("leaves the state as it was where it was an update, and is run again by the next up", async () => {
    const changed: Record<string, Command> = {
      failing: {
        connection: to("one"),
        create: note("failing", "create"),
        update,
        delete: `${note("failing", "delete")}; exit 4`,
        stdin: "changed",
      },
    };
    await stack.upFails(changed);
    assert.equal(stack.commands.failing?.inputs.stdin, "input");
    assert.equal(stack.commands.failing?.outputs.stdin, "input");
    await lab.on("one", ": >/root/fixed");
    await stack.up(changed);
    assert.equal(stack.commands.failing?.inputs.stdin, "changed");
    assert.deepEqual((await ran("one", "failing")).slice(2), [
      "update changed",
      "update changed",
    ]);
  });

  test("leaves the resource where it was a delete", async () => {
    const { failing: text } = await stack.upFails({});
    assert.match(text ?? "", /Process exited with status 4/);
    assert.deepEqual(Object.keys(stack.commands), ["failing"]);
  });
});

describe("a connection", () => {
  let stack: CommandStack;
  let agent: ChildProcess;
  let said: Record<string, string>;

  before(async () => {
    stack = await newStack("connections");
    const sealed = join(directory, "sealed");
    const foreign = join(directory, "foreign");
    const socket = join(directory, "agent");
    const make = ["-q", "-t", "ed25519"];
    await run("ssh-keygen", [...make, "-N", "open sesame", "-f", sealed]);
    await run("ssh-keygen", [...make, "-N", "", "-f", foreign]);
    const authorized = readFileSync(`${sealed}.pub`, "utf8").trim();
    await lab.on("one", `echo '${authorized}' >>/root/.ssh/authorized_keys`);
    agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
    await until("the SSH agent holds the key", async () => {
      const env = { ...process.env, SSH_AUTH_SOCK: socket };
      const { code } = await tryRun("ssh-add", ["-q", lab.key], { env });
      return code === 0 ? true : undefined;
    });

    const { hostKey } = lab.host("one");
    const wrongKey = lab.host("two").hostKey;
    const { privateKey, ...keyless } = to("one");
    const sealedKey = { privateKey: readFileSync(sealed, "utf8") };
    const foreignKey = { privateKey: readFileSync(foreign, "utf8") };
    const connections: Record<string, Connection> = {
      rightKey: to("one", { hostKey }),
      commentedKey: to("one", { hostKey: `${hostKey} root@one\n` }),
      wrongKey: to("one", { hostKey: wrongKey }),
      noKey: to("one"),
      unreadableKey: to("one", { hostKey: "nonsense" }),
      proxy: to("one", { hostKey, proxy: to("two", { hostKey: wrongKey }) }),
      wrongKeyBehindProxy: to("one", { hostKey: wrongKey, proxy: to("two") }),
      wrongKeyOfProxy: to("one", { proxy: to("two", { hostKey }) }),
      closedPort: to("one", { port: 2222, dialErrorLimit: 3 }),
      noRetry: to("one", { port: 2222, dialErrorLimit: 0 }),
      closedPortBehindProxy: to("one", { port: 2222, proxy: to("two") }),
      sealed: to("one", { ...sealedKey, privateKeyPassword: "open sesame" }),
      sealedWrong: to("one", { ...sealedKey, privateKeyPassword: "no" }),
      sealedWithout: to("one", sealedKey),
      unsealed: to("one", { privateKeyPassword: "open sesame" }),
      unauthorized: to("one", foreignKey),
      agent: { ...keyless, agentSocketPath: socket },
      agentBesideKey: to("one", { ...foreignKey, agentSocketPath: socket }),
      agentGone: to("one", { agentSocketPath: join(directory, "gone") }),
      user: to("one", { user: "ops" }),
    };
    const commands = Object.entries(connections).map(([name, connection]) => {
      const create = `touch /tmp/${name}; id -un; echo $SSH_CONNECTION`;
      return [name, { connection, create }];
    });
    said = await stack.upFails({
      ...Object.fromEntries(commands),
      large: {
        connection: to("one"),
        create: "wc -c; yes $(printf %0999d 0) | head -n 1000",
        stdin: "0123456789".repeat(100_000),
      },
    });
  });

  after(() => {
    agent.kill();
  });

  async function assertRuns(name: string, from = "10.240.0.1") {
    assert.equal(said[name], undefined);
    const { stdout } = stack.commands[name]?.outputs ?? {};
    assert.match(String(stdout), new RegExp(`^\\w+\n${from} `));
  }

  async function assertRefused(name: string, reason: RegExp) {
    assert.match(said[name] ?? "", reason);
    assert.equal(stack.commands[name], undefined);
    const found = await lab.on("one", `ls /tmp/${name} 2>/dev/null || :`);
    assert.equal(found, "", `${name} was run`);
  }

  test("with the right host key is made", async () => {
    await assertRuns("rightKey");
    await assertRuns("commentedKey");
  });

  test("with another host key is refused, and nothing is run", async () => {
    await assertRefused(
      "wrongKey",
      /after 2 failed attempts: .*host key mismatch/,
    );
  });

  test("without a host key takes any", async () => {
    await assertRuns("noKey");
  });

  test("with a host key that is none is refused without an attempt", async () => {
    await assertRefused("unreadableKey", /error: .*failed to parse host key/);
    assert.doesNotMatch(said.unreadableKey ?? "", /attempts/);
  });

  test("through a proxy comes from the proxy", async () => {
    await assertRuns("proxy", "10.240.0.12");
  });

  test("through a proxy checks the host key at both ends", async () => {
    await assertRefused(
      "wrongKeyOfProxy",
      /proxy: after 2 failed attempts: .*host key mismatch/,
    );
    await assertRefused("wrongKeyBehindProxy", /proxy: .*handshake failed/);
    await assertRefused(
      "closedPortBehindProxy",
      /proxy: after 2 failed attempts: .*Connection refused/,
    );
  });

  test("to a closed port is attempted as often as dialErrorLimit says", async () => {
    await assertRefused("closedPort", /after 3 failed attempts: .*refused/i);
    await assertRefused("noRetry", /after 0 failed attempts: .*refused/i);
  });

  test("with an encrypted private key needs its password, and another must have none", async () => {
    await assertRuns("sealed");
    for (const name of ["sealedWrong", "sealedWithout", "unsealed"]) {
      await assertRefused(name, /error: /);
      assert.doesNotMatch(said[name] ?? "", /attempts/);
    }
  });

  test("with a key that the host does not know is refused", async () => {
    await assertRefused("unauthorized", /after 2 failed attempts: /);
  });

  test("can use the keys of an SSH agent", async () => {
    await assertRuns("agent");
  });

  test("with a private key does not use those of the agent, but the agent has to be there", async () => {
    await assertRefused("agentBesideKey", /after 2 failed attempts: /);
    await assertRefused("agentGone", /error: .*\/gone/);
    assert.doesNotMatch(said.agentGone ?? "", /attempts/);
  });

  test("is made for root, or for the user that is given", () => {
    const who = (name: string) =>
      String(stack.commands[name]?.outputs.stdout).split("\n")[0];
    assert.equal(who("noKey"), "root");
    assert.equal(who("user"), "ops");
  });

  test("carries a million bytes each way", () => {
    const { stdout } = stack.commands.large?.outputs ?? {};
    const line = "0".repeat(999);
    assert.equal(stdout, `1000000${`\n${line}`.repeat(1000)}`);
  });
});

describe("the environment of a command", () => {
  let stack: CommandStack;
  const show =
    'echo "$0 $GREETING/$PULUMI_COMMAND_STDOUT/$PULUMI_COMMAND_STDERR" >>/root/';
  const command = (name: string, args: Partial<Command>): Command => ({
    connection: to("two"),
    create: `${show}${name}; echo out; echo err >&2`,
    delete: `${show}${name}`,
    ...args,
  });
  const commands = (stdin: string): Record<string, Command> => ({
    plain: command("env-plain", { stdin }),
    withoutOutput: command("env-without", {
      stdin,
      addPreviousOutputInEnv: false,
    }),
    greeted: command("env-greeted", {
      environment: { GREETING: "hello" },
      addPreviousOutputInEnv: false,
    }),
    elsewhere: command("env-elsewhere", { connection: to("one"), stdin }),
  });

  before(async () => {
    await acceptVariables("two");
    stack = await newStack("environment");
    await stack.up(commands("first"));
    await stack.up(commands("second"));
    await stack.up({});
  });

  const shown = async (host: string, name: string) =>
    (await ran(host, name)).map((line) => line.split(" ").at(-1));

  test("holds the output of the run before, where the server accepts it", async () => {
    assert.deepEqual(await shown("two", "env-plain"), [
      "//",
      "/out/err",
      "/out/err",
    ]);
  });

  test("holds nothing of it with addPreviousOutputInEnv: false", async () => {
    assert.deepEqual(await shown("two", "env-without"), ["//", "//", "//"]);
  });

  test("holds the variables that are given, where the server accepts them", async () => {
    assert.deepEqual(await shown("two", "env-greeted"), ["hello//", "hello//"]);
  });

  test("lacks the output of the run before, and no more, where the server does not accept it", async () => {
    assert.deepEqual(await shown("one", "env-elsewhere"), ["//", "//", "//"]);
  });

  test("that the server does not accept fails the command", async (t) => {
    if (engine.standIns.length > 0) {
      t.skip("the stand-in drops the variable, see lab/standin/command.ts");
      return;
    }
    const said = await stack.upFails({
      refused: {
        connection: to("one"),
        create: note("refused", "create"),
        environment: { GREETING: "hello" },
      },
    });
    assert.match(said.refused ?? "", /could not set environment variable/);
    assert.deepEqual(await ran("one", "refused"), []);
  });
});

async function newStack(name: string): Promise<CommandStack> {
  const stack = new CommandStack(name, engine, lab, directory);
  await stack.init();
  return stack;
}

/** The connection to a host: with the lab's key, and few attempts so that no test waits long. */
function to(name: string, more: Partial<Connection> = {}): Connection {
  return {
    host: lab.host(name).address,
    privateKey: readFileSync(lab.key, "utf8"),
    dialErrorLimit: 2,
    perDialTimeout: 5,
    ...more,
  };
}

/** A shell command that notes down on the host that it ran, and its standard input. */
function note(name: string, what: string): string {
  return `{ printf '${what} '; cat; echo; } >>/root/${name}`;
}

/** What the commands of {@link note} have noted down. */
async function ran(host: string, name: string): Promise<string[]> {
  const text = await lab.on(host, `cat /root/${name} 2>/dev/null || :`);
  return text.split("\n").filter((line) => line !== "");
}

/** Has a host's SSH server accept our variables. */
async function acceptVariables(name: string): Promise<void> {
  const file = "/etc/ssh/sshd_config.d/variables.conf";
  const accept = "AcceptEnv GREETING PULUMI_COMMAND_*";
  await lab.on(name, `echo '${accept}' >${file} && kill -HUP 1`);
  const { address } = lab.host(name);
  const options = ["-F", "none", "-i", lab.key, "-o", "SendEnv=GREETING"];
  const trust = ["-o", `UserKnownHostsFile=${lab.knownHosts}`];
  await until(`${name} accepts variables`, async () => {
    const ssh = ["ssh", ...options, ...trust, `root@${address}`];
    const { stdout } = await tryRun(
      "ip",
      ["netns", "exec", lab.netns, ...ssh, "echo $GREETING"],
      { env: { ...process.env, GREETING: "hello" } },
    );
    return stdout === "hello\n" ? true : undefined;
  });
}
