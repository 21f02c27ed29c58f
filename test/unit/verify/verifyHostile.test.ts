import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { isOdd, readHostState } from "../../../components/hosts/hostState.ts";
import { cloudReports } from "../../../components/verify/cloudReports.ts";
import { compareRoutes } from "../../../components/verify/compareRoutes.ts";
import { readState } from "../../../components/verify/exportedState.ts";
import { reportText } from "../../../components/verify/reportText.ts";
import { verify } from "../../../components/verify/verify.ts";
import { VerifyError } from "../../../components/verify/verifyError.ts";
import type { Finding } from "../../../components/verify/verifyReport.ts";
import { readRouteTable } from "../../../components/verify/wantedHosts.ts";
import { assertLinear } from "../growth.ts";
import { anyText, nasty } from "../hostileText.ts";
import { directory, keyPair, program } from "../mockedStack.ts";
import {
  assertRefused,
  checked,
  columns,
  commandOf,
  commandServer,
  componentWith,
  facts,
  findingsOf,
  good,
  host,
  reportOf,
  table,
} from "./verifyFixtures.ts";

const text = fc.oneof(anyText, fc.constantFrom(...nasty));

/** The findings about a host that prints these lines besides the good ones, except those that begin with `but`. */
function found(lines: readonly string[], but = "nothing"): Finding[] {
  const rest = good.filter((line) => !line.startsWith(but));
  return findingsOf([...rest, ...lines]);
}

/** Asserts that every text in a value is one printable line. */
function assertPlain(value: unknown): void {
  JSON.stringify(value, (key, part) => {
    if (typeof part === "string") {
      assert.match(part, /^[ -~]*$/);
      assert.ok(!part.includes("<{%"), part);
    }
    assert.match(key, /^[ -~]*$/);
    return part;
  });
}

test("a host as it should be has no findings", () => {
  assert.deepEqual(found([]), []);
});

const onHost = /^ssh -- ops@10\.240\.0\.20 '(sudo [\w./:@= -]+( && )?)+'$/;
const byPulumi =
  /^pulumi (state delete --stack prod urn:pulumi:prod::p::Command::routes-node-0 && pulumi )?up --stack prod$/;

/** Asserts that a fix is a command of known words, or no command. */
function assertSafe({ fix = "" }: Finding): void {
  const [, command = fix] = /its log: (.*)$/.exec(fix) ?? [];
  assert.ok(
    onHost.test(command) || byPulumi.test(command) || !/ssh|pulumi/.test(fix),
    fix,
  );
}

test("whatever a host prints, it becomes neither a line of its own in a report nor a part of a command", () => {
  const known = `route hop get forward node recorded unit pod hosts others sysctl
rp_filter cut address via dev proto metric 173 10.200.1.0/24 10.200.1.0/25
10.240.0.21 blackhole nexthop tos eth0 1`;
  const words = fc.constantFrom(...known.split(/\s/));
  const line = fc
    .array(fc.oneof({ weight: 3, arbitrary: words }, text), { maxLength: 9 })
    .map((all) => all.join(" "));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
      const findings = found(lines);
      assertPlain(findings);
      findings.forEach(assertSafe);
      const report = reportOf({
        ok: false,
        verdict: "wrong",
        hosts: [{ node: "node-0", address: "h", wanted: 2, findings }],
      });
      // the lines of a finding are indented: none looks like a host or a verdict
      const [, ...rest] = reportText(report).split("\n");
      const faults = findings.filter((f) => f.severity === "fault").length;
      assert.equal(
        rest.filter((one) => /^[^ ]/.test(one)).length,
        faults > 0 ? 1 : 0,
      );
    }),
  );
});

for (const name of [
  ...";reboot; $(reboot) `reboot` -batch ' a&b a|b \\ \u001b[2J .. {a,b} * ~".split(
    " ",
  ),
  "a".repeat(16),
]) {
  test(`the interface name ${JSON.stringify(name)} is in no command`, () => {
    const findings = found([
      `route 10.200.1.0/25 dev ${name} scope link`,
      `route 10.200.9.0/24 via 10.240.0.9 dev ${name} proto 173`,
      `rp_filter ${name} 1`,
    ]);
    const kinds = findings.map(({ kind }) => kind).sort();
    assert.deepEqual(kinds, ["foreign", "rp_filter", "stale"]);
    for (const { fix = "" } of findings) {
      assert.doesNotMatch(fix, /ssh|ip route|sysctl -w/);
      assert.match(fix, /by hand/);
    }
  });
}

/** Runs a command of a report with fake programs for ssh and for the host, and returns the words of their calls. */
function ranBy(command: string): string[] {
  const bin = join(directory, "bin");
  mkdirSync(bin, { recursive: true });
  const log = join(bin, "log");
  writeFileSync(log, "");
  const note = `printf '<%s>' "\${0##*/}" "$@" >>${log}; echo >>${log}`;
  const programs = {
    // OpenSSH joins the words behind the host by spaces, for the host's shell
    ssh: `while [ "$1" != -- ]; do shift; done; shift 2; exec sh -c "$*"`,
    sudo: `exec "$@"`,
    ip: note,
    sysctl: note,
    systemctl: note,
    journalctl: note,
  };
  for (const [name, script] of Object.entries(programs)) {
    program(bin, name, script);
  }
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
  const { status } = spawnSync("sh", ["-c", command], { env });
  assert.equal(status, 0, command);
  return readFileSync(log, "utf8").trim().split("\n");
}

const unit = "pod-routes-p.prod.routes.service";
for (const [what, line, but, expected] of [
  [
    "a stale route",
    "route 10.200.9.0/24 via 10.240.0.9 dev eth0 proto 173 metric 5 linkdown",
    "nothing",
    "<ip><route><del><10.200.9.0/24><via><10.240.0.9><dev><eth0><proto><173><metric><5>",
  ],
  [
    "a foreign route by an interface alone",
    "route 10.200.1.7 dev veth1@if2 proto static scope link src 10.240.0.20",
    "nothing",
    "<ip><route><del><10.200.1.7><dev><veth1><proto><static>",
  ],
  [
    "a foreign route with several next hops",
    "route 10.200.1.0/25 proto bird metric 32 \\ nexthop via 10.240.0.8 dev eth0 weight 1 \\ nexthop via 10.240.0.9 dev eth0 weight 1",
    "nothing",
    "<ip><route><del><10.200.1.0/25><proto><bird><metric><32>",
  ],
  [
    "a route with a next hop object",
    "route 10.200.1.0/25 nhid 7 via 10.240.0.8 dev eth0 proto static",
    "nothing",
    "<ip><route><del><10.200.1.0/25><proto><static>",
  ],
  [
    "a strict rp_filter of a VLAN",
    "route 10.200.1.0/24 via 10.240.0.21 dev eth0.7 proto 173\nrp_filter eth0.7 1",
    "route 10.200.1",
    "<sysctl><-w><net.ipv4.conf.eth0/7.rp_filter=2>",
  ],
  [
    "a unit that is disabled",
    "unit disabled/active",
    "unit",
    `<systemctl><enable><${unit}>\n<systemctl><restart><${unit}>`,
  ],
] as const) {
  test(`the command about ${what} is run on the host word by word`, () => {
    const { fix = "" } = found([...line.split("\n")], but)[0] ?? {};
    assert.equal(ranBy(fix).join("\n"), expected);
  });
}

test("the commands respect a bastion, a port, a root user and a configuration file", () => {
  const read = readHostState(
    commandOf({
      connection: {
        host: "fd00::1",
        port: 2222,
        user: "root",
        proxy: { host: "fd00::2", port: 23, user: "jump" },
      },
      create: "sh /run/pod-network-routes/0.sh converge",
    }),
  );
  assert.ok(!isOdd(read));
  const configFile = "its config.yaml";
  const fixes = (line: string) => {
    const but = line.split(" ")[0] ?? "";
    const rest = good.filter((one) => !one.startsWith(but));
    const name = { stack: "a b", configFile };
    return findingsOf([...rest, line], read, name)[0]?.fix;
  };
  assert.equal(
    fixes("unit enabled/failed"),
    `ssh -J 'jump@[fd00::2]:23' -p 2222 -- root@fd00::1 'systemctl enable ${unit} && systemctl restart ${unit}'`,
  );
  assert.equal(
    fixes("sysctl x"),
    "pulumi state delete --stack 'a b' urn:pulumi:prod::p::Command::routes-node-0 && pulumi up --stack 'a b' --config-file 'its config.yaml'",
  );
});

test("of more than 200 findings the rest is counted, and is a fault if one of the rest is", () => {
  const report = (notes: number, faults: number) => {
    const line = JSON.stringify({
      component: "routes",
      cloud: "AWS",
      tables: [],
      fix: "",
      faults: Array.from({ length: faults }, () => ({ path: "", message: "" })),
      warnings: Array.from({ length: notes }, () => "beware"),
    });
    return cloudReports(line)[0]?.findings ?? [];
  };
  assert.equal(report(0, 200).length, 200);
  const all = report(5, 300);
  assert.equal(all.length, 201);
  assert.equal(all.at(-1)?.severity, "fault");
  assert.equal(all.at(-1)?.subject, "105");
  assert.equal(report(300, 0).at(-1)?.severity, "note");
});

test("a host that prints more than is read has a fault", () => {
  const cut = columns(found(["cut others"]), "severity", "kind", "subject");
  assert.deepEqual(cut, [["fault", "more", "others"]]);
  const flood = found(Array.from({ length: 200_001 }, () => "x"));
  assert.deepEqual(columns(flood, "kind", "subject"), [["more", "line"]]);
});

const octets = (i: number) => `${i >> 8}.${i & 255}`;
const floods: [what: string, line: (i: number) => string][] = [
  ["slashes", () => `address ${"/".repeat(500)}\r`],
  [
    "routes of ours to one destination",
    (i) => `route 10.200.1.0/24 via 10.9.${octets(i)} proto 173`,
  ],
  [
    "stale routes",
    (i) => `route 11.${octets(i)}.0/24 via 10.0.0.1 dev e${i} proto 173`,
  ],
  [
    "foreign routes",
    (i) => `route 10.200.1.${i % 256} via 10.0.0.1 metric ${i}`,
  ],
  [
    "interfaces",
    (i) => `rp_filter e${i} 1\nroute 11.${octets(i)}.0/24 dev e${i} proto 173`,
  ],
  ["records", (i) => `recorded 11.${octets(i)}.0/24 via 10.0.0.1`],
  ["records of others", (i) => `others 11.${octets(i)}.0/24 via 10.0.0.1`],
  ["lines of /etc/hosts", (i) => `hosts 11.${octets(i)}.1 h${i}`],
  ["addresses of pods", (i) => `pod ${i + 1} 10.200.0.${i % 256}/24`],
  ["next hops", (i) => `hop 10.${octets(i)}.1 via via via via`],
];
for (const [what, line] of floods) {
  test(`the time to read ${what} is proportional to their number`, () => {
    assertLinear(2000, 32, (size) =>
      found(Array.from({ length: size }, (_, i) => line(i))),
    );
  });
}

test("the time to read one very long line is proportional to its length", () => {
  for (const [word, part] of [
    ["address", "/"],
    ["pod 1", "/"],
    ["route", "nexthop via "],
    ["get 10.200.1.0/24", "via "],
    ["hop 10.240.0.21", "x"],
    ["hosts", " "],
  ]) {
    assertLinear(
      100_000,
      24,
      (size) => found([`${word} ${part?.repeat(size)}\r`]),
      word,
    );
  }
});

test("the time to compare 2,000 wanted routes with 8,000 foreign ones is proportional to their number", () => {
  const big = (size: number) => {
    const routes = Array.from({ length: size }, (_, i) => ({
      destination: `10.${octets(i)}.0/24`,
      nextHop: "10.240.0.21",
      node: undefined,
    }));
    const ours = routes.map(
      ({ destination }) => `route ${destination} via 10.240.0.21 proto 173`,
    );
    // all in the last block, which a search that looks at one after the other finds last
    const others = Array.from(
      { length: size * 4 },
      (_, i) =>
        `route 10.${octets(size - 1)}.${i & 255} via 10.0.0.1 metric ${i}`,
    );
    return findingsOf([...good, ...ours, ...others], { ...host, routes });
  };
  assert.equal(big(600).filter(({ kind }) => kind === "foreign").length, 2400);
  assertLinear(250, 32, big);
});

test("an odd command in the state is a fault, and its host is not connected to", async () => {
  const odd: [what: string, inputs: Record<string, unknown>][] = [
    ["an address", { connection: { host: "-oProxyCommand=reboot" } }],
    ["a port", { connection: { host: "h", port: 70_000 } }],
    ["a user", { connection: { host: "h", user: "a b" } }],
    ["a bastion", { connection: { host: "h", proxy: { host: "$(x)" } } }],
    ["no connection", { connection: undefined }],
    ["a number in place of a command", { create: 7 }],
    ["no facts", { stdin: undefined }],
    ["empty facts", { stdin: "" }],
    ...[
      ["route 10.200.1.0/24 via 1/;e reboot;s/1", "a command of sed"],
      ["route 10.200.1.0/24 via fd00::1", "a next hop of the other family"],
      ["route 10.200.1.1/24 via 10.0.0.1", "host bits"],
      ["route 10.200.1.0/24 via 10.0.0.1 dev eth0", "an interface"],
      [
        "routes 99999999 from 10.0.0.0/24 via 10.0.0.1 to 10.1.0.0/24 via 10.0.0.2",
        "routes without end",
      ],
      [
        "routes 16 from fd00::/24 via fd00::1 to fd00::/24 via fd00::2",
        "a run of IPv6",
      ],
      ["owner ../x", "an owner that is a path"],
      ["owner p.prod.routes", "the owner twice"],
      ["heal 10; reboot", "a time that is none"],
      ["forward 5", "a family that is none"],
      ["hosts 10.0.0.1 $(reboot)", "a name that is none"],
      ["anything \u001b[2J", "a control character"],
    ].map(([line, what]): [string, Record<string, unknown>] => [
      what ?? "",
      { stdin: [...facts, line, ""].join("\n") },
    ]),
    [
      "too many routes",
      {
        stdin: [
          ...facts,
          ...Array.from(
            { length: 10_000 },
            (_, i) => `route 11.${octets(i)}.0/24 via 10.0.0.1`,
          ),
        ].join("\n"),
      },
    ],
  ];
  for (const [what, inputs] of odd) {
    const resource = commandOf(inputs);
    assert.ok(isOdd(readHostState(resource)), what);
    const { hosts } = await checked([componentWith({})], [resource]);
    assert.deepEqual(
      hosts.map(({ findings }) => findings.map(({ kind }) => kind)),
      [["state"]],
      what,
    );
    assertPlain(hosts);
  }
});

test("whatever a command in the state contains, it is read without an exception", () => {
  const value = fc.oneof(text, fc.jsonValue(), fc.constant(undefined));
  const line = fc
    .tuple(fc.constantFrom(...facts), fc.nat(4), text)
    .map(([fact, w, given]) => {
      const words = fact.split(" ");
      words[w % words.length] = given;
      return [...facts.filter((one) => one !== fact), words.join(" ")].join(
        "\n",
      );
    });
  const connection = fc.record(
    { host: value, port: value, user: value, hostKey: value, proxy: value },
    { requiredKeys: ["host"] },
  );
  const inputs = fc.record(
    { connection, stdin: fc.oneof(line, value), create: value },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(inputs, text, (given, urn) => {
      const read = readHostState({ ...commandOf(given), urn });
      if (isOdd(read)) {
        assertPlain(read);
      } else {
        assertPlain({ ...read, login: { ...read.login, privateKey: "" } });
      }
    }),
  );
});

test("a route table in the state that no component writes ends the check", () => {
  const outputs = (routeTable: unknown) => ({
    ...commandOf(),
    outputs: { routeTable },
  });
  assert.deepEqual(readRouteTable(outputs(table)), table);
  assert.deepEqual(readRouteTable(outputs(undefined)), []);
  for (const bad of [
    "x",
    7,
    {},
    [7],
    [{}],
    [{ destination: "10.0.0.1/8", nextHop: "10.0.0.1", node: "a" }],
    [{ destination: "10.0.0.0/8", nextHop: "$(reboot)", node: "a" }],
    [{ destination: "10.0.0.0/8", nextHop: "10.0.0.1", node: "a\nb" }],
  ]) {
    assert.throws(() => readRouteTable(outputs(bad)), VerifyError);
  }
});

test("text that is not a state ends the check, and nothing of it is shown", () => {
  const mark = '"4dabf18193072939515e22adb298388d":"1","plaintext"';
  for (const bad of [
    "",
    "hunter2",
    "[",
    "null",
    '{"deployment":{"resources":"hunter2"}}',
    `{"deployment":{"resources":[{"inputs":{"a":{${mark}:"hunter2"}}}]}}`,
    `${'{"a":'.repeat(1e5)}1${"}".repeat(1e5)}`,
  ]) {
    assertRefused(() => readState(bad));
  }
});

test("texts of a cloud are printed on one line", () => {
  for (const evil of nasty) {
    const route = { destination: evil, nextHop: evil, text: evil, node: evil };
    const real = [{ ...route, nextHop: `${evil}elsewhere` }];
    const line = JSON.stringify({
      component: evil,
      cloud: "AWS",
      warnings: [evil],
      fix: "x",
      faults: [{ path: evil, message: evil }],
      tables: [{ holder: evil, wanted: [route], real }],
    });
    assertPlain(cloudReports(`${line}\n`));
  }
});

test("a host can answer only its own pings, and a host key that is not checked is a note", async (t) => {
  const { privateKey, hostKey } = keyPair();
  const lies = ["pinged 10.200.1.1 10.200.0.1", "pinged 10.200.0.1 10.200.1.1"];
  const printed = (n: number) => [...good, `address 10.200.${n}.1/24`];
  const commands = await Promise.all(
    [0, 1].map(async (n) => {
      // node-0 claims every ping; node-1 answers none
      const port = await commandServer(t, privateKey, (command) => {
        const pings = n === 0 ? lies : [];
        const lines = command.endsWith(" look'") ? printed(n) : pings;
        return { stdout: lines.join("\n") };
      });
      const connection = {
        host: "127.0.0.1",
        port,
        user: "ops",
        privateKey,
        ...(n === 1 && { hostKey }),
      };
      const lines = facts.map((line) =>
        line.replace(/^node \S+/, `node node-${n}`),
      );
      return commandOf({ connection, stdin: `${lines.join("\n")}\n` });
    }),
  );
  const component = { ...componentWith({}), outputs: { routeTable: table } };
  const { hosts, pings } = await checked([component], commands);
  assert.deepEqual(columns(pings.failed, "from", "to"), [["node-1", "node-0"]]);
  assert.equal(pings.sent, 2);
  const keys = hosts.map(({ findings }) =>
    findings.filter(({ kind }) => kind === "host-key").map((f) => f.severity),
  );
  assert.deepEqual(keys, [["note"], [], []]);
});

/** The failure of a check with this fake Pulumi. */
async function failure(pulumi: string): Promise<string> {
  const bin = join(directory, "pulumi-bin");
  program(bin, "pulumi", pulumi);
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
  try {
    await verify({ stack: "prod", env });
  } catch (error) {
    assert.ok(error instanceof VerifyError);
    return error.message;
  }
  assert.fail("no failure");
}

test("a failure of Pulumi is shown with its lines, and each is printable", async () => {
  const said = await failure(
    "printf 'error: one\\033[2J\\n  two \\303\\251\\n' >&2; exit 255",
  );
  const [, ...lines] = said.split("\n");
  assert.deepEqual(lines, ["error: one\\u001b[2J", "  two \\u00e9"]);
});

test("an endless error of Pulumi is cut, and an endless state is a failure", async () => {
  const long = await failure("yes | head -c 5000000 >&2; exit 1");
  assert.ok(long.length < 30_000, String(long.length));
  assert.match(await failure("yes"), /printed more than 128 MiB$/);
});

test("the time to compare many routes to one destination is proportional to their number", () => {
  const destination = "10.200.1.0/24";
  const fixes = { missing: "", wrong: "", stale: () => "", foreign: () => "" };
  const wanted = [{ destination, nextHop: "10.240.0.21" }];
  assertLinear(2000, 32, (size) => {
    const real = Array.from({ length: size }, (_, i) => ({
      destination,
      nextHop: `10.9.${octets(i)}`,
      text: "",
    }));
    return compareRoutes(wanted, real, [], fixes);
  });
});
