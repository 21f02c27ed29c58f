import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Faults } from "../../../components/core/faults.ts";
import { readMachines } from "../../../components/inventory/machinesFile.ts";
import { routeTable } from "../../../components/inventory/routeTable.ts";
import { faultsOf } from "../clusterFaults.ts";
import { directory } from "../mockedStack.ts";

// The file that the seed tutorial reads with grep and cut.
const seed = `198.19.249.33 server.kubernetes.local server
198.19.249.34 node-0.kubernetes.local node-0 10.200.0.0/24
198.19.249.136 node-1.kubernetes.local node-1 10.200.1.0/24
`;
const format = "expected IPV4 FQDN HOST [POD_SUBNET], separated by spaces";

function read(text: string) {
  const faults = new Faults();
  const machines = readMachines(text, "machines.txt", faults);
  assert.deepEqual(faults.all, []);
  return machines;
}

function faultsOfText(text: string): string[] {
  return faultsOf((faults) => readMachines(text, "machines.txt", faults));
}

test("the tutorial's file gives the tutorial's routes", () => {
  assert.deepEqual(routeTable(read(seed)), [
    { destination: "10.200.0.0/24", nextHop: "198.19.249.34", node: "node-0" },
    { destination: "10.200.1.0/24", nextHop: "198.19.249.136", node: "node-1" },
  ]);
});

test("a row without a subnet is no worker", () => {
  assert.deepEqual(
    read(seed).map(({ name, role }) => [name, role]),
    [
      ["server", "controller"],
      ["node-0", "worker"],
      ["node-1", "worker"],
    ],
  );
});

test("the FQDN is an alias of the machine, and its path names the row", () => {
  const [server] = read(seed);
  assert.deepEqual(server?.aliases, ["server.kubernetes.local"]);
  assert.equal(server?.path, "machines.txt:1");
});

test("comments, blank lines, indentation and runs of spaces are ignored", () => {
  const loose = `# IPV4 FQDN HOST POD_SUBNET

  # more
   198.19.249.33   server.kubernetes.local server${"  "}
198.19.249.34 node-0.kubernetes.local   node-0 10.200.0.0/24

198.19.249.136 node-1.kubernetes.local node-1 10.200.1.0/24`;
  const plain = (text: string) => read(text).map(({ path, ...rest }) => rest);
  assert.deepEqual(plain(loose), plain(seed));
});

for (const [what, text, ...expected] of [
  ["an empty file", "", `machines.txt: lists no machine, ${format}`],
  [
    "a file of comments",
    "# none\n\n",
    `machines.txt: lists no machine, ${format}`,
  ],
  [
    "a missing column",
    "# one\n10.0.0.1 node-0",
    `machines.txt:2: "10.0.0.1 node-0" has 2 columns, ${format}`,
  ],
  [
    "a column too many",
    "10.0.0.1 a.b a 10.200.0.0/24 10.201.0.0/24",
    `machines.txt:1: "10.0.0.1 a.b a 10.200.0.0/24 10.201.0.0/24" has 5 columns, ${format}`,
  ],
  [
    "a comment behind a row",
    "10.0.0.1 a.b a # controller",
    `machines.txt:1: "10.0.0.1 a.b a # controller" has 5 columns, ${format}`,
  ],
  [
    "a tab",
    "10.0.0.1\ta.b a",
    `machines.txt:1: "10.0.0.1\\ta.b a" has a tab, ${format}: sed -i 's/\\t/ /g' machines.txt`,
  ],
  [
    "Windows line ends",
    "10.0.0.1 a.b a\r\n10.0.0.2 b.b b\r\n",
    "machines.txt: has Windows line ends, convert them: sed -i 's/\\r$//' machines.txt",
  ],
  [
    "a byte order mark",
    "\ufeff10.0.0.1 a.b a\n",
    "machines.txt:1: starts with a byte order mark, remove it: sed -i '1s/^\\xef\\xbb\\xbf//' machines.txt",
  ],
] as const) {
  test(`${what} is a fault that says how to fix it`, () => {
    assert.deepEqual(faultsOfText(text), expected);
  });
}

for (const [column, row, value] of [
  ["IPV4", "10.0.0.300 a.b a", '"10.0.0.300"'],
  ["IPV4", "010.0.0.1 a.b a", '"010.0.0.1"'],
  ["FQDN", "10.0.0.1 A.b a", '"A.b"'],
  ["HOST", "10.0.0.1 a.b a_b", '"a_b"'],
  ["HOST", "10.0.0.1 a.b 10.200.0.0/24", '"10.200.0.0/24"'],
  ["POD_SUBNET", "10.0.0.1 a.b a 10.200.0.1/24", '"10.200.0.1/24"'],
  ["POD_SUBNET", "10.0.0.1 a.b a 10.200.0.0", '"10.200.0.0"'],
] as const) {
  test(`${value} in ${column} is named by file, line and column`, () => {
    const [fault, ...more] = faultsOfText(`\n${row}\n`);
    assert.deepEqual(more, []);
    assert.ok(fault?.startsWith(`machines.txt:2 ${column}`), fault);
    assert.ok(fault?.includes(`: ${value} `), fault);
  });
}

for (const name of [
  "machines.txt",
  "my machines.txt",
  "-n.txt",
  "a'b;$(touch x)`touch y`.txt",
  "dir/-i.txt",
]) {
  test(`the commands that fix ${name} do so, and nothing besides`, () => {
    const work = mkdtempSync(join(directory, "machines-"));
    mkdirSync(join(work, "dir"));
    const path = join(work, name);
    writeFileSync(
      path,
      `\ufeff${seed.replaceAll("\n", "\r\n")}10.0.0.9\ta.b a`,
    );
    const before = readdirSync(work);
    const faults = () => {
      const found = new Faults();
      readMachines(readFileSync(path, "utf8"), name, found);
      return found.all;
    };
    const commands = faults().map(({ message }) =>
      message.slice(message.indexOf("sed -i ")),
    );
    assert.equal(commands.length, 3);
    for (const command of commands) {
      execFileSync("/bin/sh", ["-c", command], { cwd: work });
    }
    assert.deepEqual(faults(), []);
    assert.deepEqual(readdirSync(work), before);
  });
}

test("no command is printed with a file name that a message cannot show", () => {
  for (const name of ["a\nb", "\u001b[2J", "\u202e", "é.txt"]) {
    const faults = new Faults();
    readMachines("\ufeff10.0.0.1\ta.b a\r\n", name, faults);
    assert.equal(faults.all.length, 3);
    for (const { message } of faults.all) {
      assert.ok(!message.includes("sed"), message);
    }
  }
});

test("all faults of a file are found at once", () => {
  const text = [
    "10.0.0.1 a.b",
    "10.0.0.2\tb.b b",
    "10.0.0.3 c.b c 10.200.3.0/24",
    "x D y_ z",
  ].join("\r\n");
  assert.deepEqual(
    faultsOfText(text).map((fault) => fault.split(": ")[0]),
    [
      "machines.txt",
      "machines.txt:1",
      "machines.txt:2",
      "machines.txt:4 HOST",
      "machines.txt:4 IPV4",
      "machines.txt:4 POD_SUBNET",
      "machines.txt:4 FQDN",
    ],
  );
});
