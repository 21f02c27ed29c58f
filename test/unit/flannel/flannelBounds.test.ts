import assert from "node:assert/strict";
import { test } from "node:test";
import { flannelSchema } from "../../../components/flannel/flannelArgs.ts";
import { assertLinear } from "../growth.ts";
import { flannelFaults, overlay } from "./flannelSupport.ts";

/** The paths of all faults of these keys of `flannel`. */
const badPaths = (flannel: object) => [
  ...new Set(flannelFaults(flannel).map((fault) => fault.split(/[[:]/)[0])),
];

const many = <T>(item: T, count: number) => Array<T>(count).fill(item);
const toleration = { operator: "Exists" } as const;
const cidr = "10.240.0.0/24";

for (const [path, most, more] of [
  [
    "flannel.kubectl",
    { kubectl: "k".repeat(1024) },
    { kubectl: "k".repeat(1025) },
  ],
  [
    "flannel.kubeconfig",
    { kubeconfig: `/${"k".repeat(1023)}` },
    { kubeconfig: `/${"k".repeat(1024)}` },
  ],
  [
    "flannel.resources.limits.cpu",
    { resources: { limits: { cpu: "1".repeat(64) } } },
    { resources: { limits: { cpu: "1".repeat(65) } } },
  ],
  [
    "flannel.tolerations",
    { tolerations: many(toleration, 100) },
    { tolerations: many(toleration, 101) },
  ],
  [
    "flannel.interfaces.names",
    { interfaces: { names: many("eth0", 100) } },
    { interfaces: { names: many("eth0", 101) } },
  ],
  [
    "flannel.interfaces.regexes",
    { interfaces: { regexes: many("e".repeat(256), 100) } },
    { interfaces: { regexes: many("e", 101) } },
  ],
  [
    "flannel.interfaces.cidrs",
    { interfaces: { cidrs: many(cidr, 100) } },
    { interfaces: { cidrs: many(cidr, 101) } },
  ],
] as const) {
  test(`${path} has a limit, and a larger value is a fault`, () => {
    assert.deepEqual(badPaths(most), []);
    assert.deepEqual(badPaths(more), [path]);
  });
}

for (const kubectl of [
  "bin/kubectl",
  "./kubectl",
  "-k",
  "--help",
  "a b",
  "/",
]) {
  test(`kubectl ${kubectl} is refused: it is neither a name nor a path that begins with /`, () => {
    assert.deepEqual(badPaths({ kubectl }), ["flannel.kubectl"]);
  });
}

test("more than 10,000 nodes with pods are a fault", () => {
  const nodes = Array.from({ length: 10_002 }, (_, i) => ({
    name: `node-${i}`,
    internalIp: `10.240.${i >> 8}.${i & 255}`,
    podCidrs: [`10.${100 + (i >> 8)}.${i & 255}.0/24`],
  }));
  const faultsOf = (count: number) =>
    flannelFaults(
      { network: "10.64.0.0/10", controller: "node-1" },
      { ...overlay, nodes: nodes.slice(1, count + 1) },
    ).filter((fault) => fault.includes("at most"));
  assert.deepEqual(faultsOf(10_000), []);
  assert.equal(faultsOf(10_001).length, 1);
});

/** Texts that make a careless regular expression backtrack. */
const parts =
  "a a. a- a/ A _ __a a-- a: [ a@ 1. 0 (? (?i (?P< (?: (a*)* \\1 . - / % 1e+".split(
    " ",
  );

for (const [key, value] of [
  ["image", (text: string) => text],
  ["kubectl", (text: string) => text],
  ["kubeconfig", (text: string) => `/${text}`],
  ["namespace", (text: string) => text],
  ["priorityClassName", (text: string) => text],
  ["maxUnavailable", (text: string) => text],
  ["resources", (text: string) => ({ limits: { cpu: text } })],
  ["tolerations", (text: string) => [{ key: text, value: text }]],
  ["interfaces", (text: string) => ({ names: [text], regexes: [text] })],
] as const) {
  test(`the time to check ${key} is proportional to its length`, () => {
    for (const part of parts) {
      const check = (size: number) =>
        flannelSchema.safeParse({
          [key]: value(`${part.repeat(size / part.length)}!`),
        });
      assertLinear(20_000, 32, check, part);
    }
  });
}
