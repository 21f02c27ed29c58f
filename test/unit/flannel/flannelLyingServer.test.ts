import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { until } from "../../../lab/exec.ts";
import { everyShell, type Shell } from "../shells.ts";
import {
  type Answers,
  line,
  lines,
  owner,
  prepare,
  quoted,
  type Ran,
  rows,
  run,
} from "./fakeKubectl.ts";
import { overlay, withFlannel } from "./flannelSupport.ts";

let shells: readonly Shell[] = [];
before(async () => {
  shells = await everyShell();
});

const lies = [
  "\npod-network-routes: a line of ours",
  "10.0.0.1\nhave|node-last|10.0.0.9|",
  '10.0.0.1"\n"have" "node-last" "10.0.0.9" "',
  'a" "b',
  'a" ',
  "a\\",
  "a|b",
  "a b",
  "-A",
  "--all",
  "--kubeconfig=/tmp/other",
  "$(touch canary)",
  "`touch canary`",
  "a[$(touch canary)0]",
  ";touch canary;",
  "*",
  "\0",
  "\u001b[2J\u009b31m",
  "\u202eevil\u2028",
  "<{%red%}>",
  "x".repeat(5000),
];

/** The lies as lines that are not rows. */
const raw = lines(...lies);

/** Asserts that every printed line is the script's own or marked as text of kubectl, printable and short. */
function saysPlainly({ raw: said, stdout }: Ran, where: string): void {
  assert.ok(said.length + stdout.length < 50_000, where);
  assert.match(said + stdout, /^[\n -~]*$/, where);
  assert.ok(!`${said}${stdout}`.includes("<{%"), where);
  for (const one of said.split("\n").slice(0, -1)) {
    assert.ok(one.length < 400, where);
    assert.match(
      one,
      /^(pod-network-routes: |kubectl says: |kubectl (printed|took) )/,
      where,
    );
    assert.doesNotMatch(one, /^pod-network-routes: a line of ours/, where);
  }
  for (const one of stdout.split("\n").slice(0, -1)) {
    assert.match(one, /^(left alone: |kubectl says: )/, where);
  }
}

/** Runs the script on every shell with these answers, and asserts that no answer becomes part of a call of kubectl. */
async function onEveryShell(
  verb: "apply" | "remove",
  answers: Answers,
  check: (ran: Ran, where: string) => void,
  args: object = overlay,
): Promise<void> {
  for (const { name, tools } of shells) {
    const ran = await run(verb, answers, { args, tools });
    saysPlainly(ran, `${name}: ${ran.raw}`);
    for (const call of ran.calls) {
      assert.match(call, /^[ -~]{1,300}$/, name);
      assert.doesNotMatch(call, /touch| -A .* -A|--all|other|[*|\\]/, name);
    }
    check(ran, `${name}: ${ran.raw}`);
  }
}

const refused = ({ status, changes }: Ran, where: string) => {
  assert.equal(status, 1, where);
  assert.deepEqual(changes, [], where);
};

test("whatever a node announces, it is not taken for the address of another node", async () => {
  // as many at a time as are shown
  for (let from = 0; from < lies.length; from += 10) {
    const some = lies.slice(from, from + 10);
    const names = ["node-last", ...some.map((_, i) => `node-${i}`)];
    const nodes = names.map((name, i) => ({
      name,
      internalIp: `10.240.0.${i + 20}`,
      podCidrs: [`10.244.${i}.0/24`],
    }));
    const told = ["10.240.0.20", ...some];
    const answers = {
      ".spec.podCIDRs": nodes
        .map(({ name, podCidrs }) => line("have", name, ...podCidrs))
        .join(""),
      "/public-ip": names
        .map((name, i) => line("have", name, told[i] ?? "", ""))
        .join(""),
    };
    await onEveryShell(
      "apply",
      answers,
      ({ status, stderr }, where) => {
        assert.equal(status, 1, where);
        for (const [i] of some.entries()) {
          assert.ok(
            stderr.includes(
              `\nnode-${i} tells the others to send to what is no address, its internal IP is 10.240.0.${i + 21}\n`,
            ),
            where,
          );
        }
        assert.doesNotMatch(stderr, /node-last|10\.0\.0\.9/, where);
      },
      { ...withFlannel({ controller: "node-0" }), nodes },
    );
  }
});

test("nodes with hostile names or pod CIDRs are refused", async () => {
  const have = lies.map((lie) => line("have", lie, lie)).join("");
  await onEveryShell("apply", { ".spec.podCIDRs": have }, refused);
  const cidrs = lies.map((lie) => line("have", "node-0", lie)).join("");
  await onEveryShell("apply", { ".spec.podCIDRs": cidrs }, refused);
});

test("objects with hostile kinds, namespaces, names or owners are refused", async () => {
  for (const call of ["get -f", "get daemonsets -A"]) {
    const objects = lies.flatMap((lie) => [
      line("ClusterRole", "", lie, ""),
      line("DaemonSet", lie, "kube-flannel-ds", ""),
      line(lie, "kube-flannel", "kube-flannel-ds", lie),
    ]);
    await onEveryShell("apply", { [call]: objects.join("") }, refused);
  }
});

test("output of kubectl that is not in rows is refused", async () => {
  for (const call of [".spec.podCIDRs", "get -f", "get daemonsets -A"]) {
    await onEveryShell("apply", { [call]: raw }, refused);
  }
  for (const row of [
    "%!q(<nil>)",
    '"a" "b',
    '"a""b"',
    '"a" x "b"',
    ' "a"',
    '"a" ',
  ]) {
    const ran = await run("apply", {
      "get -f": lines(row, ...rows().map((one) => quoted(one).trimEnd())),
    });
    refused(ran, row);
  }
});

test("of the objects listed for the owner, only those of kinds and names that the overlay has are deleted", async () => {
  const listed = [
    ...rows().map((row) => quoted(row)),
    ...lies.flatMap((lie) => [
      line("ClusterRole", "", lie, owner),
      line("ConfigMap", lie, "kube-flannel-cfg", owner),
      line(lie, "kube-flannel", "kube-flannel-cfg", owner),
      line("ConfigMap", "kube-flannel", "kube-flannel-cfg", lie),
    ]),
    line("ConfigMap", "", "kube-flannel-cfg", owner),
    line("ClusterRole", "kube-system", "admin", owner),
    line("Secret", "kube-system", "admin", owner),
    line("ConfigMap", "kube-system", "admin", "somebody"),
  ];
  await onEveryShell(
    "remove",
    { "-l pod-network-routes": listed.join("") },
    ({ status, changes, stdout }, where) => {
      assert.equal(status, 0, where);
      assert.equal(changes.length, 6, where);
      assert.doesNotMatch(changes.join("\n"), /admin/, where);
      assert.equal(
        stdout.match(/^left alone: /gm)?.length,
        listed.length - rows().length,
        where,
      );
    },
  );
});

test("a kind whose name is not one stops the removal of the namespace", async () => {
  for (const kind of ["--all", "-A", "a b", "", "a/b", "\u001b[2J"]) {
    const answers = { "api-resources": lines("configmaps", kind, "pods") };
    const ran = await run("remove", answers);
    saysPlainly(ran, kind);
    assert.equal(ran.status, 1, kind);
    assert.equal(ran.changes.length, 5, kind);
    assert.match(ran.calls.at(-1) ?? "", /^api-resources /, kind);
  }
});

test("hostile names of objects in the namespace are printed as text of kubectl", async () => {
  await onEveryShell(
    "remove",
    { "api-resources": "configmaps\n", "-o name": raw },
    ({ status, changes }, where) => {
      assert.equal(status, 0, where);
      assert.equal(changes.length, 5, where);
    },
  );
});

test("the reason of a failed rollout is printed in plain lines, and logs are asked for by a valid pod name only", async () => {
  const answers = {
    "rollout status": { stdout: raw, stderr: raw, status: 1 },
    numberAvailable: raw,
    "get pods": lies
      .map((lie) => line(lie, lie, lie, "false", lie, lie))
      .join("")
      .concat(line("kube-flannel-ds-a", "n", "Running", "false", "\u001b[2J")),
    " logs ": raw,
  };
  await onEveryShell("apply", answers, ({ status, calls }, where) => {
    assert.equal(status, 1, where);
    assert.deepEqual(
      calls.filter((call) => call.includes(" logs ")),
      ["-n kube-flannel logs kube-flannel-ds-a -c kube-flannel --tail=5"],
      where,
    );
  });
});

test("errors of kubectl are printed in plain lines, at every step", async () => {
  const bad = { stdout: raw, stderr: raw, status: 1 };
  for (const call of [
    "get --raw",
    ".spec.podCIDRs",
    "get -f",
    "get daemonsets -A",
    "get namespace",
    "--dry-run",
    "apply --server",
    "/public-ip",
    "-l pod",
  ]) {
    const answers =
      call === "apply --server"
        ? { "--dry-run": "", [call]: bad }
        : { [call]: bad };
    const ran = await run("apply", answers);
    saysPlainly(ran, `${call}: ${ran.raw}`);
    assert.equal(ran.status, 1, call);
  }
});

for (const [what, does] of [
  ["prints without end", 'exec yes \'"have" "node"\''],
  ["complains without end", "exec yes '<{%red%}>' >&2"],
  ["prints one line without end", "exec tr '\\0' x </dev/zero"],
  ["never answers", "exec /bin/sleep 120"],
] as const) {
  for (const call of ["get --raw", ".spec.podCIDRs"]) {
    test(`a kubectl that ${what} at ${call} is ended, and nothing is changed`, async () => {
      const limit = what === "never answers" ? 1 : 60;
      const ran = await run("apply", { [call]: { does } }, { limit });
      saysPlainly(ran, ran.raw);
      refused(ran, ran.raw);
      if (limit === 1) {
        assert.match(ran.raw, /kubectl took too long and was ended/);
      }
    });
  }
}

test("a script that is killed while kubectl hangs leaves no file with the key", async () => {
  const psk = `${randomBytes(32).toString("base64")}`;
  const args = withFlannel({ backend: { type: "wireguard", psk } });
  const hang = "echo $$ >$here/hangs && exec /bin/sleep 120";
  for (const { name, tools } of shells.filter((_, i) => i % 3 === 0)) {
    for (const signal of ["SIGPIPE", "SIGTERM", "SIGINT", "SIGHUP"] as const) {
      for (const call of ["get --raw", "get -f", "--dry-run=server"]) {
        const where = `${name}, ${signal} at ${call}`;
        const answers: Answers = { [call]: { does: hang } };
        const { place, bin, stdin, env } = await prepare(answers, {
          args,
          tools,
        });
        const marker = join(place, "bin/marker");
        writeFileSync(marker, "");
        const child = spawn(
          join(tools, "sh"),
          ["-c", scriptOf(stdin), "pod-network-routes", "apply"],
          { cwd: place, env, stdio: ["pipe", "ignore", "ignore"] },
        );
        const ended = once(child, "exit");
        child.stdin.end(stdin);
        const hangs = join(bin, "hangs");
        const pid = await until(`${where}: kubectl is called`, async () =>
          existsSync(hangs) && readFileSync(hangs, "utf8").endsWith("\n")
            ? Number(readFileSync(hangs, "utf8"))
            : undefined,
        );
        const meanwhile = [
          ...filesWith(psk, marker, bin),
          // a shell's here-document is a file that has no name any more
          ...openFiles(pid).filter((path) => path.endsWith(" (deleted)")),
        ];
        child.kill(signal);
        // bash ends by SIGINT only once its child has
        process.kill(pid);
        await ended;
        assert.deepEqual(meanwhile, [], where);
        assert.deepEqual(filesWith(psk, marker, bin), [], where);
      }
    }
  }
});

function openFiles(pid: number): string[] {
  const fds = `/proc/${pid}/fd`;
  return readdirSync(fds).map((fd) => readlinkSync(join(fds, fd)));
}

test("the script uses commands of the system directories, whatever the PATH of the login", async () => {
  const { place, bin, stdin, env } = await prepare();
  const login = join(bin, "login");
  mkdirSync(login);
  for (const name of ["kubectl", "sed", "awk", "head", "tr", "id", "date"]) {
    writeFileSync(join(login, name), "#!/bin/sh\n: >canary\n");
    chmodSync(join(login, name), 0o755);
  }
  const { status } = spawnSync(
    "/bin/sh",
    ["-c", scriptOf(stdin), "pod-network-routes", "apply"],
    {
      input: stdin,
      cwd: place,
      env: { ...env, PATH: `${login}:/usr/bin:/bin` },
    },
  );
  assert.equal(status, 0);
  assert.deepEqual(readdirSync(place), ["bin"]);
});

/** The script of a standard input. */
function scriptOf(stdin: string): string {
  const marker = "\n--- script\n";
  const begin = stdin.indexOf(marker) + marker.length;
  return stdin.slice(begin, stdin.lastIndexOf("--- end\n"));
}

/** The files in temporary directories that are newer than `marker` and contain this text, except those that the fake kubectl wrote. */
function filesWith(text: string, marker: string, bin: string): string[] {
  const find = `find /tmp /dev/shm /run /var/tmp -xdev -path "$1" -prune -o \
    -type f -newer "$2" -size -2048k -exec grep -lF "$3" {} +`;
  const { stdout } = spawnSync("sh", ["-c", find, "find", bin, marker, text], {
    encoding: "utf8",
  });
  return stdout.split("\n").filter((path) => path !== "");
}
