import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { promisify } from "node:util";
import fc from "fast-check";
import { flannelInput } from "../../../components/flannel/flannelCommand.ts";
import { readFlannelArgs } from "../../../components/flannel/flannelPlan.ts";
import { cluster } from "../generators.ts";
import { nasty } from "../hostileText.ts";
import { directory } from "../mockedStack.ts";
import { everyShell, type Shell } from "../shells.ts";
import { isOfForm } from "./flannelForm.ts";
import { overlay } from "./flannelSupport.ts";

const script = readFileSync(
  join(import.meta.dirname, "../../../components/flannel/flannelOverlay.sh"),
  "utf8",
);
let shells: readonly Shell[] = [];
before(async () => {
  shells = await everyShell();
});

/**
 * Gives these inputs to the script, and returns the numbers of those that it accepts: those after which it looks
 * for the cluster. Asserts that it does nothing else and writes no file.
 */
async function taken(
  inputs: readonly string[],
  { name, tools }: Shell,
): Promise<number[]> {
  const place = mkdtempSync(join(directory, "inputs-"));
  const empty = join(place, "empty");
  mkdirSync(empty);
  inputs.forEach((input, i) => {
    writeFileSync(join(place, `${i}.input`), input);
  });
  const verbs = script.lastIndexOf("\ncase $");
  const driver = `${script.slice(0, verbs).replace("\nPATH=", `\nPATH=${tools}:`)}
need_cluster() { echo "$number"; exit; }
number=0
while [ -e "${place}/$number.input" ]; do
	(apply <"${place}/$number.input") || :
	number=$((number + 1))
done
`;
  const { stdout, stderr } = await promisify(execFile)(
    join(tools, "sh"),
    ["-c", driver],
    {
      cwd: empty,
      env: { PATH: "/usr/bin:/bin", HOME: empty, TMPDIR: empty },
      maxBuffer: 2 ** 26,
    },
  );
  assert.deepEqual(readdirSync(empty), [], name);
  const said = stderr.split("\n").slice(0, -1);
  const numbers = stdout.split("\n").slice(0, -1).map(Number);
  assert.equal(said.length, inputs.length - numbers.length, name);
  for (const line of said) {
    assert.match(
      line,
      /^pod-network-routes: nothing was changed, for the input is not what this script takes: (line [0-9]+: expected [ -~]{1,80}|it is cut short)$/,
      name,
    );
  }
  return numbers;
}

/** Asserts that the script accepts exactly those inputs that have the form. */
async function takesWhatIsOfForm(
  inputs: readonly string[],
  shell: Shell,
): Promise<void> {
  const wanted = inputs.flatMap((input, i) => (isOfForm(input) ? [i] : []));
  const found = await taken(inputs, shell);
  const wrong = inputs.findIndex(
    (_, i) => wanted.includes(i) !== found.includes(i),
  );
  assert.equal(
    wrong,
    -1,
    `${shell.name}: ${isOfForm(inputs[wrong] ?? "") ? "refuses" : "takes"} ${JSON.stringify(inputs[wrong]?.slice(0, 2000))}`,
  );
}

/** Tests each shell with a share of the inputs. */
async function shared(inputs: readonly string[]): Promise<void> {
  await Promise.all(
    shells.map((shell, i) =>
      takesWhatIsOfForm(
        inputs.filter((_, n) => n % shells.length === i),
        shell,
      ),
    ),
  );
}

const inputOf = (args: object, owner: string) => {
  const whole = flannelInput(readFlannelArgs(args), owner, "kind: List");
  return `${whole.slice(0, whole.indexOf("\n--- script\n"))}\n--- script\nset -eu\n`;
};

const valid = inputOf(
  {
    ...overlay,
    nodes: [
      { name: "server", internalIp: ["10.240.0.10", "fd00::10"] },
      {
        name: "node-0.example",
        internalIp: ["10.240.0.20", "fd00::20"],
        podCidrs: ["10.244.1.0/24", "fd00:244:1::/64"],
      },
    ],
    flannel: {
      kubeconfig: "/etc/kubernetes/admin.conf",
      network: ["10.244.0.0/16", "fd00:244::/32"],
    },
  },
  "project.stack.overlay",
).split("\n");

/** {@link valid} with `count` of its lines replaced by these. */
function put(at: number, count: number, ...lines: readonly string[]): string {
  const copy = [...valid];
  copy.splice(at, count, ...lines);
  return copy.join("\n");
}

const hostile = [
  ...nasty.filter((text) => text.length < 1000),
  ...`a[$(touch canary)0]
$((a[$(touch canary)0]))
a b
no\tyes`.split("\n"),
  ...`* [a-z]* ~root $IFS - -- -h --kubeconfig=/x /-x -/x é \x7f
NO nox a. .a a..b a|b a,b a=b 0 -1 0x10 010 1e3 9 86401
0.0.0.0/0 10.0.0.0/7 ::/0 10.244.1.1/24 10.244.1.0/33 010.244.1.0/24
fd00:244:1:0::/64 FD00::/64 ::ffff:a00:1 10.244.1.0/24,10.244.2.0/24
10.244.1.0/24, 1.2.3.4,5.6.7.8 1.2.3 1.2.3.4.5 1.2.3.256 1::2::3 :1
fd00::1%eth0`.split(/[ \n]/),
  ...[64, 254, 1025].map((length) => "x".repeat(length)),
  `/${"x".repeat(1024)}`,
  "9".repeat(400),
];

const names = ["", "Owner", "route", "heal", "-", "a[$(touch canary)0]"];

const facts = valid.slice(0, valid.indexOf("manifest"));

/** The valid input with a hostile text in place of each value, and with its lines in other orders. */
function corpus(): string[] {
  const values = facts.flatMap((line, at) => {
    const words = line.split(" ");
    const varied = (word: number, text: string) =>
      put(at, 1, words.map((old, i) => (i === word ? text : old)).join(" "));
    return words.flatMap((_, word) =>
      (word === 0 ? names : hostile).map((text) => varied(word, text)),
    );
  });
  const behind = facts.flatMap((line, at) =>
    [" ", "\t", "\r", "\0", " x", ";x", "\0\nroute"].map((text) =>
      put(at, 1, line + text),
    ),
  );
  const disorder = facts.flatMap((line, at) => [
    put(at, 1),
    put(at, 0, line),
    put(at, 0, "route 0.0.0.0/0 via 10.0.0.9"),
    put(at, 0, ""),
    put(at, 0, "--- script"),
    put(at, 0, "manifest"),
    ...facts
      .slice(0, at)
      .map((other, i) =>
        put(i, at - i + 1, line, ...facts.slice(i + 1, at), other),
      ),
  ]);
  const manifests = [
    "kind:\tList",
    "kind: \0List",
    "kind: \u001b[2J",
    "kind: é",
    "x".repeat(2 ** 20 - 1),
    "x".repeat(2 ** 20),
    "x".repeat(2 ** 23),
    "x\n".repeat(2 ** 19 - 1),
    "x\n".repeat(2 ** 19),
  ].map((yaml) => put(facts.length + 1, 1, yaml));
  const whole = [
    valid.join("\n"),
    valid.slice(0, -3).join("\n"),
    "",
    "\n".repeat(1000),
    put(0, 1, `owner ${"x".repeat(2 ** 20)}`),
    put(1, 1, `kubectl ${" ".repeat(2 ** 20)}`),
  ];
  return [...values, ...behind, ...disorder, ...manifests, ...whole];
}

test("every shell accepts an input that has the form, and does nothing with any other, whichever fact is varied", async () => {
  const inputs = corpus();
  assert.ok(inputs.filter(isOfForm).length > 20);
  assert.ok(inputs.filter((input) => !isOfForm(input)).length > 600);
  // one shell gets all of them, each of the others every eighth
  await Promise.all(
    shells.map((shell, i) =>
      takesWhatIsOfForm(
        inputs.filter((_, n) => i === 0 || n % 8 === i - 1),
        shell,
      ),
    ),
  );
});

test("every awk refuses characters that the form of a value does not allow", async () => {
  const printable = Array.from({ length: 95 }, (_, i) =>
    String.fromCharCode(32 + i),
  );
  const odd = printable.filter((one) => /[^A-Za-z0-9]/.test(one));
  const inputs = facts.flatMap((line, at) =>
    odd.flatMap((one) => [
      put(at, 1, `${line}${one}0`),
      put(at, 1, line + one),
    ]),
  );
  // dash with each awk
  await Promise.all(
    shells.slice(0, 3).map((shell) => takesWhatIsOfForm(inputs, shell)),
  );
});

test("10,000 nodes are accepted, 10,001 are refused", async () => {
  const nodes = (count: number) =>
    Array.from(
      { length: count },
      (_, i) =>
        `node ${"n".repeat(57)}-${i}.${"d".repeat(63)} 10.244.${i >> 8}.0/24,fd00:244::/64 10.240.0.20,fd00::20`,
    );
  const at = valid.findIndex((line) => line.startsWith("node "));
  const [shell] = shells;
  assert.ok(shell);
  for (const [count, is] of [
    [10000, true],
    [10001, false],
  ] as const) {
    const input = put(at, 1, ...nodes(count));
    assert.equal(isOfForm(input), is);
    await takesWhatIsOfForm([input], shell);
  }
});

const kubernetesLabel = fc.stringMatching(
  /^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/,
);

/** Inputs for any arguments without a fault and any owner. */
const plans = fc
  .record({
    nodes: cluster,
    owner: fc.stringMatching(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/),
    adoptExisting: fc.boolean(),
    flannel: fc.record(
      {
        kubectl: fc.stringMatching(
          /^([A-Za-z0-9_.][A-Za-z0-9_.-]{0,20}|\/[A-Za-z0-9_./-]{1,40})$/,
        ),
        kubeconfig: fc.stringMatching(/^\/[A-Za-z0-9_./@+-]{1,40}$/),
        namespace: kubernetesLabel,
        rolloutTimeout: fc.integer({ min: 10, max: 86400 }),
      },
      { requiredKeys: [] },
    ),
  })
  .map(({ owner, flannel, nodes, ...rest }) => {
    const { internalIp = [] } = nodes[0] ?? {};
    const network = [internalIp]
      .flat()
      .map((ip) => (ip.includes(":") ? "fd00:200::/32" : "10.192.0.0/10"));
    const args = {
      ...rest,
      nodes,
      ssh: overlay.ssh,
      flannel: { ...flannel, network, controller: nodes[0]?.name },
    };
    return inputOf(args, owner);
  });

const characters = [..."a0./:,-_ \n\0\t|$`'\"*[\\~Z9@é"];

/** A text with one character replaced, removed or added. */
const mutated = (text: string) =>
  fc
    .tuple(
      fc.nat(text.indexOf("\nmanifest\n") + 9),
      fc.constantFrom("", ...characters),
      fc.nat(1),
    )
    .map(
      ([at, character, over]) =>
        text.slice(0, at) + character + text.slice(at + over),
    );

test("whatever the arguments, the script accepts what the program writes; with one character changed, it accepts it only if the form still holds", async () => {
  const valids = fc.sample(plans, 30);
  for (const input of valids) {
    assert.ok(isOfForm(input), JSON.stringify(input));
  }
  const changed = valids.flatMap((input) => fc.sample(mutated(input), 25));
  const all = [...valids, ...changed];
  await shared(all);
});

test("an IPv6 address is accepted only in the form of RFC 5952", async () => {
  const group = fc.constantFrom(
    "0",
    "0",
    "0",
    "1",
    "a0",
    "ffff",
    "00",
    "F",
    "",
  );
  const address = fc
    .array(group, { minLength: 6, maxLength: 9 })
    .chain((groups) =>
      fc.constantFrom(
        groups.join(":"),
        groups.join(":").replace(/(:0)+/, ":"),
        groups.join(":").replace(/(^|:)0(:0)+(:|$)/, "::"),
        groups.join(":").replace(/(:0)+$/, "::"),
      ),
    );
  const at = valid.findIndex((line) => line.startsWith("node "));
  const inputs = fc
    .sample(address, 400)
    .map((text) => put(at, 1, `node node-0 fd00:244:1::/64 ${text}`));
  assert.ok(inputs.some(isOfForm));
  await shared(inputs);
});
