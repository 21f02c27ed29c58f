import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import {
  parseAddress,
  parseCidr,
  unusableAs,
} from "../../../components/core/cidr.ts";
import { Faults } from "../../../components/core/faults.ts";
import { readHostInput } from "../../../components/hosts/hostInput.ts";
import { readRouteLine } from "../../../components/hosts/runs.ts";
import { type Node, readNodes } from "../../../components/inventory/nodes.ts";
import { root } from "../../../lab/paths.ts";
import { inputOf } from "../clusterFaults.ts";
import { anyText, nasty } from "../hostileText.ts";
import { everyShell } from "../shells.ts";

/** The awk program that checks the facts, as it stands in the script. */
const [, program = ""] =
  /^FACTS_AWK='\n([\s\S]*?)\n'$/m.exec(
    readFileSync(join(root, "components/hosts/hostPodRoutes.sh"), "utf8"),
  ) ?? [];
assert.match(program, /^function complete\(\)/m);

const ask = `${program}
{ fact() }
END {
	if (refused) exit 3
	complete()
	print owner "|" node "|" adopt "|" heal
	for (i = 1; i <= families; i++) print "forward " forwarded[i]
	for (i = 1; i <= wantings; i++) print "route " wanted[i] " via " want[canonical(wanted[i])]
	for (i = 1; i <= blocks; i++) print "hosts " block[i]
}`;

const shells = await everyShell();
let turn = 0;

/** What the script makes of an input, by each awk in its turn; undefined if it refuses it. */
function asked(input: string): string[] | undefined {
  const { tools = "" } = shells[turn++ % shells.length] ?? {};
  const { status, stdout, stderr } = spawnSync(join(tools, "awk"), [ask], {
    // as the script does before
    input: input.replaceAll("\0", "\u0001"),
    encoding: "utf8",
    env: { PATH: process.env.PATH, LC_ALL: "C" },
  });
  assert.equal(stderr, "");
  assert.ok(status === 0 || status === 3, `exit code ${status}`);
  return status === 0 ? stdout.trimEnd().split("\n") : undefined;
}

const label = fc.stringMatching(/^[abz09]{1,3}([a0-]{0,4}[a0])?$/);
const name = fc
  .array(label, { minLength: 1, maxLength: 3 })
  .map((all) => all.join("."));
const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
const ipv4 = fc.ipV4();
const ipv6 = fc
  .array(group, { minLength: 8, maxLength: 8 })
  .map((groups) => groups.map((g) => g.toString(16)).join(":"));

/** An address or CIDR as its canonical text, or what the text is if it is none. */
function canonicalAddress(text: string): string {
  const parsed = parseAddress(text);
  return typeof parsed === "string" ? text : parsed.text;
}

function canonicalCidr(address: string, prefix: number): string {
  const text = `${canonicalAddress(address)}/${prefix}`;
  const said = parseCidr(text);
  return typeof said === "string"
    ? (/the canonical form is (\S+)$/.exec(said)?.[1] ?? text)
    : text;
}

const cidr = fc.oneof(
  fc.tuple(ipv4, fc.integer({ min: 0, max: 32 })),
  fc.tuple(ipv6, fc.integer({ min: 0, max: 128 })),
);

/** Nodes as a user may write them, many of them with faults. */
const nodes = fc.array(
  fc.record({
    name,
    internalIp: fc.tuple(ipv4, ipv6).map((ips) => ips.map(canonicalAddress)),
    podCidrs: fc.array(
      cidr.map(([address, prefix]) => canonicalCidr(address, prefix)),
      { maxLength: 2 },
    ),
    address: fc.option(name, { nil: undefined }),
  }),
  { minLength: 1, maxLength: 8 },
);

/** The nodes without a fault, as the components read them, no destination twice. */
function read(value: object[]): Node[] {
  const given = value.map((node) => JSON.parse(JSON.stringify(node)));
  const seen = new Set<string>();
  return readNodes(given, "nodes", new Faults()).filter(({ podCidrs }) =>
    podCidrs.every(({ text }) => !seen.has(text) && seen.add(text)),
  );
}

test("the script takes what the components send of any nodes, and reads the same facts", () => {
  let count = 0;
  fc.assert(
    fc.property(nodes, fc.integer({ min: 1, max: 3600 }), (value, heal) => {
      const cluster = read(value);
      for (const node of cluster.slice(0, 1)) {
        const owner = "org.project.stack_1.routes-2";
        const adoptExisting = heal % 2 === 0;
        const given = { owner, adoptExisting, healInterval: heal };
        const input = inputOf(node, cluster, given);
        const facts = readHostInput(input);
        const routes = facts
          .flatMap(readRouteLine)
          .map((r) => `route ${r.destination} via ${r.nextHop}`);
        const lines = (word: string) =>
          facts.filter(([first]) => first === word).map((l) => l.join(" "));
        const [head, ...rest] = asked(input) ?? [];
        assert.equal(
          head,
          `${owner}|${node.name} ${node.address}|${adoptExisting ? "yes" : "no"}|${heal}`,
        );
        assert.deepEqual(rest, [
          ...lines("forward"),
          ...routes,
          ...lines("hosts"),
        ]);
        count++;
      }
    }),
    { numRuns: 300 },
  );
  assert.ok(count > 100, `only ${count} inputs were tried`);
});

/** Whether a line is a fact of its form, by the functions of the components and not by those of the script. */
function isFact(line: string): boolean {
  const words = line.split(" ");
  const hostName = (text = "") =>
    text.length <= 253 &&
    text
      .split(".")
      .every((l) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(l));
  const address = (text = "") => {
    const parsed = parseAddress(text);
    return typeof parsed === "object" && parsed.text === text
      ? parsed
      : undefined;
  };
  const usable = (text = "") => {
    const parsed = address(text);
    return parsed && unusableAs(parsed) === undefined ? parsed.family : 0;
  };
  const block = (text = "") => {
    const parsed = parseCidr(text);
    if (typeof parsed === "string" || !usable(text.split("/")[0])) return 0;
    return parsed.prefix >= (parsed.family === 4 ? 8 : 16) ? parsed.family : 0;
  };
  const [word, a = "", b, c] = words;
  const spelled = (...parts: (string | undefined)[]) =>
    line === [word, ...parts].join(" ");
  switch (word) {
    case "owner":
      return spelled(a) && /^[A-Za-z0-9_][A-Za-z0-9._-]{0,199}$/.test(a);
    case "node":
      return (
        spelled(a, b) &&
        hostName(a) &&
        (hostName(b) || address(b) !== undefined)
      );
    case "adopt":
      return spelled(a) && ["yes", "no"].includes(a);
    case "heal":
      return spelled(a) && /^[1-9]\d{0,3}$/.test(a) && Number(a) <= 3600;
    case "forward":
      return spelled(a) && ["4", "6"].includes(a);
    case "route":
      return spelled(a, "via", c) && block(a) !== 0 && block(a) === usable(c);
    case "hosts":
      return spelled(a, b) && usable(a) !== 0 && hostName(b);
    default:
      return line === "end";
  }
}

/** Whether facts are in their order, single ones once, and no destination twice. */
function areInOrder(lines: readonly string[]): boolean {
  const order = ["forward 4", "forward 6", "route", "hosts", "end"];
  const places = lines.slice(4).map((line) => {
    const [word = ""] = line.split(" ");
    return order.indexOf(word === "forward" ? line : word);
  });
  const destinations = lines
    .filter((line) => line.startsWith("route "))
    .map((line) => line.split(" ")[1]);
  return (
    /^owner .*\nnode .*\nadopt .*\nheal /.test(lines.join("\n")) &&
    places.every(
      (place, i) =>
        i === 0 ||
        place > (places[i - 1] ?? 0) ||
        (place === places[i - 1] && (place === 2 || place === 3)),
    ) &&
    places.every((place) => place >= 0) &&
    new Set(destinations).size === destinations.length
  );
}

const good = [
  "owner prod",
  "node worker-0 10.240.0.20",
  "adopt no",
  "heal 10",
  "forward 4",
  "route 10.200.1.0/24 via 10.240.0.21",
  "route fd00:200:0:1::/64 via fd00::21",
  "hosts 10.240.0.21 worker-1",
  "hosts fd00::21 worker-1",
  "end",
];

test("the script takes a line in its place if, and only if, it is a fact of that form", () => {
  assert.ok(asked(`${good.join("\n")}\n`));
  const at = fc.integer({ min: 0, max: good.length - 2 });
  const characters = fc.constantFrom(..." 0129afg:./-_Z\t\\'\"$*\u001b");
  // a word in the place of another, a character more, less or changed, a text in place of all behind the first word
  const changes = fc.oneof(
    fc
      .tuple(at, fc.nat(60), fc.constantFrom(0, 1), characters)
      .map(([i, position, gone, character]) => {
        const line = good[i] ?? "";
        const p = position % (line.length + 1);
        return [
          i,
          line.slice(0, p) + character + line.slice(p + gone),
        ] as const;
      }),
    fc.tuple(at, fc.nat(60)).map(([i, position]) => {
      const line = good[i] ?? "";
      const p = position % line.length;
      return [i, line.slice(0, p) + line.slice(p + 1)] as const;
    }),
    fc
      .tuple(
        at,
        fc.oneof(
          anyText,
          fc.constantFrom(...nasty),
          cidr.map((c) => c.join("/")),
          ipv6,
          ipv4,
        ),
      )
      .map(([i, text]) => [i, `${good[i]?.split(" ")[0]} ${text}`] as const),
    fc
      .tuple(at, cidr, fc.oneof(ipv4, ipv6))
      .map(
        ([i, [address, prefix], hop]) =>
          [
            i,
            `route ${canonicalCidr(address, prefix)} via ${canonicalAddress(hop)}`,
          ] as const,
      ),
    fc
      .tuple(at, ipv6, name)
      .map(([i, ip, n]) => [i, `hosts ${ip} ${n}`] as const),
  );
  fc.assert(
    fc.property(changes, ([i, line]) => {
      const changed = good.map((fact, k) => (k === i ? line : fact));
      // a newline makes two lines of it, which are two facts
      fc.pre(!line.includes("\n") && line.length < 10_000);
      const expected = changed.every(isFact) && areInOrder(changed);
      assert.equal(
        asked(`${changed.join("\n")}\n`) !== undefined,
        expected,
        JSON.stringify(line),
      );
    }),
    { numRuns: 1500 },
  );
});
