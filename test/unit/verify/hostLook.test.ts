import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { root } from "../../../lab/paths.ts";
import { anyText, nasty } from "../hostileText.ts";
import { program } from "../mockedStack.ts";
import { everyShell, type Shell } from "../shells.ts";

const source = readFileSync(
  join(root, "components/verify/hostLook.sh"),
  "utf8",
);

/** The programs that the script calls. In place of each there is one that only records its calls. */
const calls = ["ip", "nsenter", "ping", "systemctl"];

const shells = await everyShell();
const [first] = shells;
assert.ok(first);

/** Runs the script on one shell and one awk, without the real host. */
function looker({ tools: bin }: Shell) {
  const log = join(bin, "calls.log");
  for (const name of calls) {
    program(bin, name, `echo "${name} $*" >>${log}`);
  }
  const script = source.replace(/^PATH=/m, `PATH=${bin}:`);
  assert.notEqual(script, source);
  const run = (verb: string, input: string) => {
    writeFileSync(log, "");
    const { status, stdout, stderr } = spawnSync(
      join(bin, "sh"),
      ["-c", script, "look", verb],
      {
        input,
        encoding: "utf8",
        maxBuffer: 2 ** 26,
        // a home without start files, which bash reads if its input is a socket
        env: { PATH: process.env.PATH, HOME: bin },
      },
    );
    const called = readFileSync(log, "utf8").split("\n").filter(Boolean);
    return { status, stdout, stderr, called };
  };
  return { bin, run };
}

const look = [
  "owner p.prod.routes",
  "hop 10.240.0.21",
  "hop fd00:240::21",
  "get 10.200.1.0/24 10.200.1.0",
  "get fd00:200:2::/64 fd00:200:2::",
];
const ping = [
  "ping - 10.200.0.1 10.200.1.2",
  "ping 4194304 fd00:200::2 fd00:200:1::2",
];

/** Inputs that no component sends. */
const bad: [verb: "look" | "ping", what: string, input: string][] = [
  ["look", "nothing", ""],
  ["look", "no owner", "hop 10.0.0.1\n"],
  ["look", "an owner that is not first", "hop 10.0.0.1\nowner a\n"],
  ["look", "two owners", "owner a\nowner b\n"],
  ["look", "pings", "owner a\nping - 10.0.0.1 10.0.0.2\n"],
  ["look", "an unknown fact", "owner a\nheal 10\n"],
  ["look", "an empty line", "owner a\n\n"],
  ["look", "a carriage return", "owner a\r\n"],
  ["look", "a NUL", "owner a\nhop 10.0.0.1\0/g;e reboot\n"],
  ["look", "two spaces", "owner a\nhop  10.0.0.1\n"],
  ["look", "a space at the end", "owner a\nhop 10.0.0.1 \n"],
  ["look", "a tab", "owner a\nhop\t10.0.0.1\n"],
  ["look", "a command of sed", "owner a\nhop 1/;e touch /tmp/x;s/1\n"],
  ["look", "a way out of the directory", "owner ..\n"],
  ["look", "an owner with a slash", "owner a/b\n"],
  ["look", "an owner with a hyphen first", "owner -a\n"],
  ["look", "an owner of 201 characters", `owner ${"a".repeat(201)}\n`],
  ["look", "an option as an address", "owner a\nhop -batch\n"],
  ["look", "a family of neither kind", "owner a\nhop 10.0.0\n"],
  ["look", "an octal address", "owner a\nhop 10.0.0.01\n"],
  ["look", "an address out of range", "owner a\nhop 10.0.0.256\n"],
  ["look", "three colons", "owner a\nhop fd00:::1\n"],
  ["look", "two gaps", "owner a\nhop fd00::1::2\n"],
  ["look", "seven groups", "owner a\nhop 1:2:3:4:5:6:7\n"],
  ["look", "nine groups", "owner a\nhop 1:2:3:4:5:6:7:8:9\n"],
  ["look", "eight groups and a gap", "owner a\nhop 1:2:3:4::5:6:7:8\n"],
  ["look", "a colon at the end", "owner a\nhop 1:2:3:4:5:6:7:\n"],
  ["look", "a group of five digits", "owner a\nhop fd000::1\n"],
  ["look", "a zone", "owner a\nhop fe80::1%eth0\n"],
  ["look", "a prefix too long", "owner a\nget 10.0.0.0/33 10.0.0.0\n"],
  ["look", "a prefix with a zero", "owner a\nget 10.0.0.0/08 10.0.0.0\n"],
  ["look", "two families", "owner a\nget 10.0.0.0/8 fd00::\n"],
  ["look", "a get without an address", "owner a\nget 10.0.0.0/8\n"],
  ["look", "a line of 301 characters", `owner ${"a".repeat(295)}\n`],
  ["look", "20001 lines", `owner a\n${"hop 10.0.0.1\n".repeat(20_000)}`],
  ["ping", "nothing", ""],
  ["ping", "an owner", "owner a\nping - 10.0.0.1 10.0.0.2\n"],
  ["ping", "no process", "ping  10.0.0.1 10.0.0.2\n"],
  ["ping", "process 0", "ping 0 10.0.0.1 10.0.0.2\n"],
  ["ping", "a path as a process", "ping ../1 10.0.0.1 10.0.0.2\n"],
  ["ping", "a number that no process has", "ping 4194305 10.0.0.1 10.0.0.2\n"],
  ["ping", "an option as a target", "ping - 10.0.0.1 -f\n"],
  ["ping", "two families", "ping - 10.0.0.1 fd00::1\n"],
  ["ping", "a fifth word", "ping - 10.0.0.1 10.0.0.2 10.0.0.3\n"],
];

test("the script accepts the exact form of its input and no other, with every shell and awk", async (t) => {
  for (const shell of shells) {
    await t.test(shell.name, () => {
      const { run } = looker(shell);
      const whole = run("look", `${[...look, "--- script", "x"].join("\n")}\n`);
      assert.equal(whole.status, 0, whole.stderr);
      assert.ok(whole.stdout.startsWith("looked\n"), whole.stdout);
      const gets = whole.called.filter((call) => call.includes("route get"));
      assert.deepEqual(
        gets,
        ["10.240.0.21", "fd00:240::21", "10.200.1.0", "fd00:200:2::"].map(
          (address) => `ip -o route get ${address}`,
        ),
      );
      const longest = `owner ${"a".repeat(200)}\nhop ::\nhop ::1\nhop 1::\nhop 1:2:3:4:5:6:7::\nhop 1:2:3:4:5:6:7:8\n`;
      assert.equal(run("look", longest).status, 0);
      const pings = run("ping", `${ping.join("\n")}\n`);
      assert.equal(pings.status, 0, pings.stderr);
      assert.deepEqual(pings.called, [
        "ping -n -c 1 -w 3 -I 10.200.0.1 10.200.1.2",
      ]);
      assert.equal(pings.stdout, "pinged 10.200.0.1 10.200.1.2\n");
      for (const [verb, what, input] of bad) {
        const { status, stdout, called } = run(verb, input);
        assert.deepEqual([what, status, stdout, called], [what, 2, "", []]);
      }
    });
  }
});

test("an input with a hostile text in any place is refused before anything is run", () => {
  const { run } = looker(first);
  const facts = [...look, ...ping];
  const place = fc.tuple(fc.nat(facts.length - 1), fc.nat(4));
  const text = fc.oneof(anyText, fc.constantFrom(...nasty));
  const plain = /^([A-Za-z0-9_-][A-Za-z0-9._-]*|[0-9a-f.:]+(\/\d+)?|-|\d+|)$/;
  fc.assert(
    fc.property(place, text, ([i, w], given) => {
      fc.pre(!plain.test(given) && !given.startsWith("\n--- script"));
      const words = (facts[i] ?? "").split(" ");
      words[w % words.length] = given;
      const verb = i < look.length ? "look" : "ping";
      const lines = verb === "look" ? [...look] : [...ping];
      lines[verb === "look" ? i : i - look.length] = words.join(" ");
      const { status, stdout, called } = run(verb, `${lines.join("\n")}\n`);
      assert.deepEqual([status, stdout, called], [2, "", []]);
    }),
    { numRuns: 150 },
  );
});

test("look prints at most the limit of lines of one kind, and says that there are more", () => {
  const { bin, run } = looker(first);
  const others = `awk 'BEGIN { while (i++ < 20001) print "11." int(i / 65536) "." int(i / 256) % 256 "." i % 256 " via 10.240.0.1" }'`;
  const ours = `echo "10.200.0.0/24 via 10.240.0.2 proto 173 "`;
  const ip = `case "$*" in "-4 -o route"*) ${others}; ${ours} ;; esac`;
  program(bin, "ip", ip);
  const lines = run("look", "owner a\n").stdout.split("\n");
  const routes = lines.filter((line) => line.startsWith("route "));
  assert.equal(routes.length, 20_001);
  assert.equal(routes.at(-1), `route 10.200.0.0/24 via 10.240.0.2 proto 173 `);
  assert.ok(lines.includes("cut route"));
});
