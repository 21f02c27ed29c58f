import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { run, until } from "../../lab/exec.ts";
import { root } from "../../lab/paths.ts";
import { blocksRunBy } from "../readmeBlocks.ts";
import { lines, says, up, upFails, verified, verify } from "../stacks.ts";
import {
  assertSame,
  type Config,
  plainHosts,
  Scenario,
  workerHosts,
  workers,
} from "./scenario.ts";

const nodes = workers(2);
const names = nodes.map(({ name }) => name);
const route = "10.200.1.0/24 via 10.240.0.21 dev eth0";

describe("SSH", () => {
  const scenario = new Scenario([
    ...plainHosts("10.240.0", { bastion: 2 }),
    ...workerHosts(2),
  ]);
  const ssh = (changed: Config): Config => ({
    nodes,
    ssh: { ...scenario.ssh, ...changed },
  });

  const works = async (
    name: string,
    config: Config,
    env: Record<string, string> = {},
  ) => {
    const stack = await scenario.stack(name, config, env);
    const output = await up(stack);
    assert.deepEqual(await scenario.table("worker-0"), [route]);
    const { code, stdout, stderr } = await verify(stack);
    assert.equal(code, 0, stdout + stderr);
    const key = keyLines(readFileSync(scenario.lab.key, "utf8"));
    const outputs = await stack.must(["stack", "output", "--json"]);
    const exported = await stack.must(["stack", "export"]);
    for (const text of [output, stdout, outputs, exported]) {
      assert.ok(
        !key.some((line) => text.includes(line)),
        "a key is in the clear",
      );
    }
    await stack.must(["destroy", "--yes", "--skip-preview"]);
    assert.deepEqual(await scenario.table("worker-0"), []);
    return output;
  };

  it("works as a user who becomes root by sudo", async () => {
    await works("sudo", ssh({ user: "ops" }));
  });

  it("works as a user whom sudo allows nothing but the script", async (t) => {
    const [make = "", install = ""] = blocksRunBy(
      "test/engine/access.test.ts",
      "A login that can do nothing else",
      "docs/hosts.md",
    );
    const directory = mkdtempSync(join(tmpdir(), "pod-network-routes-script-"));
    t.after(() => rmSync(directory, { recursive: true }));
    symlinkSync(join(root, "components"), join(directory, "components"));
    const owner = "owner=pod-network-routes.restricted.routes";
    const making = `${make.replace(/^owner=.*$/m, owner)}\necho "name=$name; $0"`;
    const values = await run("sh", ["-ec", making, owner], { cwd: directory });
    // bash looks for commands where it expects a number, and dash does not
    await scenario.lab.on("worker-1", "ln -sf bash /usr/bin/sh");
    for (const worker of names) {
      copyFileSync(
        join(root, "components/hosts/hostPodRoutes.sh"),
        join(scenario.lab.root(worker), "root/hostPodRoutes.sh"),
      );
      await scenario.lab.on(
        worker,
        `set -e; cd /root; rm -rf /run/pod-network-routes; mv /etc/sudoers.d/ops .; ${values}${install}`,
      );
      for (const other of [
        "sh -c id",
        "sh /run/pod-network-routes/../../tmp/evil.sh converge",
        "sh /var/lib/pod-network-routes/../../../tmp/evil/hostPodRoutes.sh remove",
      ]) {
        const said = await scenario.lab.on(
          worker,
          `su ops -c 'sudo -n ${other}' 2>&1 || :`,
        );
        assert.match(said, /a password is required/, other);
      }
    }
    const stack = await scenario.stack("restricted", ssh({ user: "ops" }));
    await up(stack);
    assert.deepEqual(await scenario.table("worker-0"), [route]);
    for (const worker of names) {
      await cannotBecomeRoot(worker);
    }
    const { code, report } = await verified(stack);
    assert.deepEqual([code, report.verdict], [2, "unknown"]);
    for (const { unreachable, unlooked } of report.hosts) {
      assert.equal(unreachable, undefined);
      assert.match(unlooked ?? "", /^sudo: .*docs\/hosts\.md/);
    }
    await stack.must(["destroy", "--yes", "--skip-preview"]);
    assert.deepEqual(await scenario.table("worker-0"), []);
    for (const worker of names) {
      await scenario.lab.on(worker, "mv /root/ops /etc/sudoers.d/ops");
    }
    await scenario.lab.on("worker-1", "ln -sf dash /usr/bin/sh");
  });

  /** The user ops tries, by all that sudo allows it, to have a command of its own run. */
  async function cannotBecomeRoot(worker: string): Promise<void> {
    const before = await scenario.everything(worker);
    const facts = {
      owner: "evil",
      node: "x 10.240.0.20",
      adopt: "yes",
      heal: "10",
      route: "10.9.0.0/16 via 10.240.0.1",
      hosts: "10.9.0.1 x",
    };
    const { lab } = scenario;
    const script = await lab.on(worker, "ls /run/pod-network-routes/*.sh");
    const converge = `sudo -n sh ${script.trim()} converge`;
    const own = "touch /tmp/ran";
    const texts = [
      `delay[$(${own})0]`,
      `$(${own})`,
      `\`${own}\``,
      `x\n;${own}`,
      "/etc/*",
      "../x",
      "-x",
    ];
    const inputs = Object.keys(facts).flatMap((fact) =>
      texts.map((text) => {
        const lines = Object.entries({ ...facts, [fact]: text });
        return `${lines.map((words) => words.join(" ")).join("\n")}\nend\n`;
      }),
    );
    inputs.push(
      "owner evil\nnode x 10.240.0.20\nadopt yes\nheal 10\nroute 0.0.0.0/0 via 10.240.0.21\nend\n",
    );
    const directory = "/run/inputs";
    const onWorker = join(lab.root(worker), directory);
    mkdirSync(onWorker);
    inputs.forEach((input, i) => {
      writeFileSync(join(onWorker, String(i)), input);
    });
    const said = await lab.on(
      worker,
      `cd ${directory}; for i in *; do su ops -c '${converge}' <$i 2>&1 && echo done; done; rm -r ${directory}`,
    );
    assert.equal(lines(said).length, inputs.length);
    for (const line of lines(said)) {
      assert.match(line, /^pod-network-routes: standard input, line \d: /);
    }
    for (const other of [
      `${converge} x`,
      converge.replace(/converge$/, "watch /tmp"),
      `ENV=/tmp/evil ${converge}`,
      converge.replace("sudo -n", "sudo -n BASH_ENV=/tmp/evil"),
      converge.replace("sudo -n", "sudo -n PATH=/tmp"),
      converge.replace("sh ", "sh -c id "),
    ]) {
      await scenario.lab.on(
        worker,
        `echo '${own}' >/tmp/evil; su ops -c '${other}' </dev/null >/dev/null 2>&1; rm /tmp/evil`,
      );
    }
    assertSame(await scenario.everything(worker), before);
  }

  it("trusts the hosts once the commands that it prints have been run", async () => {
    const knownHostsFile = join(scenario.lab.directory, "known hosts");
    writeFileSync(knownHostsFile, "");
    const stack = await scenario.stack("scanned", ssh({ knownHostsFile }));
    const said = says(await stack.pulumi(["preview"]));
    const scans = said.match(/ssh-keyscan .*$/gm) ?? [];
    assert.equal(scans.length, nodes.length, said);
    const inLab = ["netns", "exec", scenario.lab.netns, "sh", "-ec"];
    await run("ip", [...inLab, scans.join("\n")]);
    await stack.must(["preview"]);
  });

  it("says so when a user who is not root does without sudo", async () => {
    const config = ssh({ user: "ops", sudo: false });
    const stack = await scenario.stack("no-sudo", config);
    assert.match(
      await upFails(stack),
      /pod-network-routes: needs root: log in as root, or set ssh\.sudo/,
    );
  });

  it("works through a bastion, where the hosts answer nobody else", async () => {
    for (const worker of names) {
      await scenario.lab.on(worker, "ip route add prohibit 10.240.0.1");
    }
    await works("bastion", ssh({ bastion: { host: "10.240.0.2" } }));
    const stack = await scenario.stack(
      "wrong-bastion",
      ssh({
        bastion: { host: "10.240.0.2" },
        hostKeys: { bastion: scenario.lab.host("worker-0").hostKey },
      }),
    );
    assert.match(
      says(await stack.pulumi(["preview"])),
      /host keys do not match[\s\S]*bastion 10\.240\.0\.2: its host key is/,
    );
    for (const worker of names) {
      await scenario.lab.on(worker, "ip route del prohibit 10.240.0.1");
    }
  });

  it("works with a key that only the agent has", async () => {
    const socket = join(scenario.lab.directory, "agent");
    const agent: ChildProcess = spawn("ssh-agent", ["-D", "-a", socket], {
      stdio: "ignore",
    });
    try {
      const env = { ...process.env, SSH_AUTH_SOCK: socket };
      await until("the agent listens", async () =>
        existsSync(socket) ? true : undefined,
      );
      await run("ssh-add", ["-q", scenario.lab.key], { env });
      await works("agent", { nodes, ssh: {} }, { SSH_AUTH_SOCK: socket });
    } finally {
      agent.kill();
    }
  });

  it("works with a key and passphrase from the configuration, which are in the clear nowhere", async () => {
    const file = join(scenario.lab.directory, "protected");
    await run("cp", [scenario.lab.key, file]);
    const encrypt = ["-q", "-p", "-P", "", "-N", "correct horse"];
    await run("ssh-keygen", [...encrypt, "-f", file]);
    const stack = await scenario.stack("secret", {
      nodes,
      ssh: { connectTimeout: 2 },
    });
    const set = ["config", "set", "--secret", "--path"];
    const key = readFileSync(file, "utf8");
    await stack.must([...set, "ssh.privateKey"], { input: key });
    await stack.must([...set, "ssh.privateKeyPassphrase", "wrong horse"]);
    const refused = says(await stack.pulumi(["preview"]));
    assert.match(refused, /ssh\.privateKeyPassphrase: .*; nothing was changed/);
    assert.doesNotMatch(refused, /wrong horse/);
    await stack.must([...set, "ssh.privateKeyPassphrase", "correct horse"]);
    const previewed = await stack.must(["preview", "--diff"]);
    const debug = ["-v=9", "--logtostderr", "--logflow"];
    const logged = await stack.pulumi(["preview", ...debug]);
    assert.match(logged.stderr, /RegisterResource RPC/);
    const applying = up(stack);
    const arguments_ = await commandLines(applying);
    assert.match(arguments_, /pulumi\/cmd\/run/);
    const said = await applying;
    // this one reads the key in the state, too
    const loggedAgain = await stack.pulumi(["preview", ...debug]);
    assert.match(loggedAgain.stderr, /readStackResourceOutputs/);
    const exported = await stack.must(["stack", "export"]);
    const outputs = await stack.must(["stack", "output", "--json"]);
    const seen = [refused, previewed, arguments_, said, exported, outputs];
    const checked = await verify(stack, "--json");
    assert.equal(checked.code, 0, checked.stdout + checked.stderr);
    for (const { stdout, stderr } of [logged, loggedAgain, checked]) {
      seen.push(stdout, stderr);
    }
    seen.push(await stack.must(["destroy", "--yes", "--skip-preview"]));
    for (const secret of ["correct horse", ...keyLines(key)]) {
      for (const text of seen) {
        assert.ok(!text.includes(secret));
      }
      const search = `grep -rlF '${secret}' / --exclude-dir=proc --exclude-dir=sys || :`;
      assert.equal(await scenario.lab.on("worker-0", search), "");
    }
  });

  it("accepts any host key only where the check is turned off, and warns", async () => {
    const wrong = { "worker-0": scenario.lab.host("worker-1").hostKey };
    const output = await works(
      "unchecked",
      ssh({ hostKeyCheck: false, hostKeys: wrong }),
    );
    assert.match(output, /warning: ssh\.hostKeyCheck is off/);
  });
});

/** The lines of a private key that must not stand in any text. */
function keyLines(key: string): string[] {
  const lines = key
    .split("\n")
    .filter((line) => line.length > 10 && !line.startsWith("-----"));
  assert.ok(lines.length >= 2);
  return lines;
}

/** The command lines of all processes that this machine has until a promise is settled. */
async function commandLines(during: Promise<unknown>): Promise<string> {
  const seen = new Set<string>();
  let ended = false;
  during.finally(() => {
    ended = true;
  });
  while (!ended) {
    for (const pid of readdirSync("/proc").filter((name) =>
      /^\d+$/.test(name),
    )) {
      try {
        seen.add(readFileSync(`/proc/${pid}/cmdline`, "utf8"));
      } catch {
        // it has just ended
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return [...seen].join("\n");
}
