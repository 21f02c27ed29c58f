import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { flannelFaults } from "./flannelSupport.ts";

const alnum = (pattern: string) =>
  fc.stringMatching(new RegExp(`^${pattern}$`));
const component = alnum("[a-z0-9]{1,5}((\\.|_|__|-{1,3})[a-z0-9]{1,5}){0,2}");
const label = alnum("[a-zA-Z0-9]([a-zA-Z0-9-]{0,5}[a-zA-Z0-9])?");
const hosts = fc.oneof(
  fc.array(label, { minLength: 1, maxLength: 3 }).map((l) => l.join(".")),
  fc.constantFrom("localhost", "[::1]", "[fd00::a:B]"),
);
const hex = (length: number) => alnum(`[0-9a-f]{${length}}`);
const optional = (text: fc.Arbitrary<string>) =>
  fc.oneof(fc.constant(""), text);

/** Images by the grammar of github.com/distribution/reference, with a tag, a registered digest, or both. */
const images = fc
  .tuple(
    optional(
      fc
        .tuple(
          hosts,
          optional(fc.integer({ min: 1, max: 65535 }).map((p) => `:${p}`)),
        )
        .map(([host, port]) => `${host}${port}/`),
    ),
    fc.array(component, { minLength: 1, maxLength: 4 }).map((p) => p.join("/")),
    optional(
      alnum("[A-Za-z0-9_][A-Za-z0-9._-]{0,127}").map((tag) => `:${tag}`),
    ),
    optional(
      fc.oneof(
        hex(64).map((digest) => `@sha256:${digest}`),
        hex(96).map((digest) => `@sha384:${digest}`),
        hex(128).map((digest) => `@sha512:${digest}`),
      ),
    ),
  )
  .filter(([, , tag, digest]) => tag + digest !== "")
  .map((parts) => parts.join(""));

test("every image that a container runtime can read is accepted", () => {
  fc.assert(
    fc.property(images, (image) => {
      assert.deepEqual(flannelFaults({ image, cniPluginImage: image }), []);
    }),
  );
});

test("an image of the greatest length is accepted", () => {
  const name = `registry.example/${"a".repeat(238)}`;
  const rest = `:${"t".repeat(128)}@sha512:${"0".repeat(128)}`;
  assert.deepEqual(flannelFaults({ image: name + rest }), []);
  assert.equal(flannelFaults({ image: `${name}a${rest}` }).length, 1);
});

const noImage =
  "expected an image, for example ghcr.io/flannel-io/flannel:v0.28.4 or, pinned, ghcr.io/flannel-io/flannel:v0.28.4@sha256:...";
const digest = "0".repeat(64);

for (const image of [
  "",
  ":v1",
  "flannel:",
  "Flannel:v1",
  "ghcr.io/Flannel-io/flannel:v1",
  "ghcr.io//flannel:v1",
  "ghcr..io/flannel:v1",
  "-ghcr.io/flannel:v1",
  "ghcr-.io/flannel:v1",
  "https://ghcr.io/flannel:v1",
  "ghcr.io:port/flannel:v1",
  "flannel:v1:v2",
  "flannel:.v1",
  `flannel:${"t".repeat(129)}`,
  "flannel___x:v1",
  "flannel-:v1",
  "flannel:v1@sha256:0123",
  `flannel@sha256:${digest.slice(1)}g`,
  `flannel@SHA256:${digest}`,
  `flannel@md5:${"0".repeat(32)}`,
  "flannel:v1 ",
  "flannel:v1\n",
  "flannel:$version",
]) {
  test(`the image ${JSON.stringify(image)} is refused`, () => {
    const [fault, ...more] = flannelFaults({ image });
    assert.deepEqual(more, []);
    assert.ok(fault?.startsWith("flannel.image: "), fault);
    assert.ok(fault?.endsWith(` is not allowed: ${noImage}`), fault);
  });
}

for (const image of [
  "flannel",
  "ghcr.io/flannel-io/flannel",
  "localhost:5000/flannel",
]) {
  test(`the image ${image} is refused, because it has neither a tag nor a digest`, () => {
    assert.deepEqual(flannelFaults({ cniPluginImage: image }), [
      `flannel.cniPluginImage: "${image}" is not allowed: expected a tag or a digest behind the image's name`,
    ]);
  });
}

for (const [toleration, fault] of [
  [{ operator: "Exists" }, undefined],
  [
    { operator: "Exists", effect: "NoExecute", tolerationSeconds: 0 },
    undefined,
  ],
  [{ key: "dedicated", value: "yes" }, undefined],
  [
    { key: "node-role.kubernetes.io/control-plane", operator: "Exists" },
    undefined,
  ],
  [
    { key: "a", operator: "Exists", value: "b" },
    ': {"key":"a","operator":"Exists","value":"b"} is not allowed: operator Exists takes no value',
  ],
  [
    { effect: "NoSchedule" },
    ': {"effect":"NoSchedule"} is not allowed: without a key, operator has to be Exists',
  ],
  [
    { key: "a", effect: "NoSchedule", tolerationSeconds: 5 },
    ': {"key":"a","effect":"NoSchedule","tolerationSeconds":5} is not allowed: tolerationSeconds needs effect NoExecute',
  ],
  [
    { operator: "In", key: "a" },
    '.operator: "In" is not allowed, expected "Exists" or "Equal"',
  ],
  [
    { operator: "Exists", effect: "noSchedule" },
    '.effect: "noSchedule" is not allowed, expected "NoSchedule" or "PreferNoSchedule" or "NoExecute"',
  ],
  [
    { key: "a/b/c" },
    '.key: "a/b/c" is not allowed: expected the key of a taint, for example node-role.kubernetes.io/control-plane',
  ],
  [
    { key: "a", value: "a b" },
    '.value: "a b" is not allowed: expected at most 63 letters, digits, . _ and -',
  ],
  [
    { key: "a", values: "b" },
    ".values: is not a known key, did you mean value? Known keys: key, operator, value, effect, tolerationSeconds",
  ],
] as const) {
  test(`the toleration ${JSON.stringify(toleration)} is ${fault === undefined ? "accepted" : "refused"}`, () => {
    assert.deepEqual(
      flannelFaults({ tolerations: [toleration] }),
      fault === undefined ? [] : [`flannel.tolerations[0]${fault}`],
    );
  });
}

test("no tolerations at all may be asked for", () => {
  assert.deepEqual(flannelFaults({ tolerations: [] }), []);
});

for (const quantity of [
  "1",
  "0.5",
  ".5",
  "100m",
  "50Mi",
  "1e3",
  "2E",
  "1E+3",
  "5.",
]) {
  test(`the quantity ${quantity} is taken`, () => {
    const limits = { cpu: quantity, memory: quantity };
    assert.deepEqual(flannelFaults({ resources: { limits } }), []);
  });
}

for (const quantity of [
  "",
  "m",
  "100 m",
  "100Mb",
  "-1",
  "1,5",
  "50MiB",
  "0x10",
  "1e",
]) {
  test(`the quantity ${JSON.stringify(quantity)} is refused`, () => {
    assert.deepEqual(
      flannelFaults({ resources: { requests: { cpu: quantity } } }),
      [
        `flannel.resources.requests.cpu: ${JSON.stringify(quantity)} is not allowed: expected a quantity of Kubernetes, for example 100m or 50Mi`,
      ],
    );
  });
}

test("resources that flannel has none of are refused", () => {
  assert.deepEqual(flannelFaults({ resources: { limits: { gpu: "1" } } }), [
    "flannel.resources.limits.gpu: is not a known key, did you mean cpu? Known keys: cpu, memory",
  ]);
});

for (const maxUnavailable of [1, 65535, "1%", "10%", "100%"]) {
  test(`${maxUnavailable} nodes may be changed at a time`, () => {
    assert.deepEqual(flannelFaults({ maxUnavailable }), []);
  });
}

for (const [maxUnavailable, expected] of [
  [0, "expected 1 to 65535"],
  [-1, "expected 1 to 65535"],
  [65536, "expected 1 to 65535"],
  ["0%", "expected 1% to 100%"],
  ["101%", "expected 1% to 100%"],
  ["010%", "expected 1% to 100%"],
  ["5", "expected 1% to 100%"],
  [true, "expected a number of nodes, or 1% to 100%"],
  [1.5, "expected a number of nodes, or 1% to 100%"],
] as const) {
  test(`${JSON.stringify(maxUnavailable)} nodes at a time are refused`, () => {
    assert.deepEqual(flannelFaults({ maxUnavailable }), [
      `flannel.maxUnavailable: ${JSON.stringify(maxUnavailable)} is not allowed: ${expected}`,
    ]);
  });
}

for (const [priorityClassName, fault] of [
  ["my.own-class", undefined],
  ["My_Class", "expected lower-case letters, digits, - and ."],
  ["a".repeat(254), "expected at most 253 characters"],
] as const) {
  test(`the priority class ${priorityClassName.slice(0, 20)} is ${fault === undefined ? "accepted" : "refused"}`, () => {
    const found = flannelFaults({ priorityClassName });
    assert.equal(found.length, fault === undefined ? 0 : 1);
    assert.ok((found[0] ?? "").endsWith(fault ?? ""));
  });
}
