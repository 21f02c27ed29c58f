import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  type Address,
  type Cidr,
  contains,
  type Family,
  firstAddress,
  formatAddress,
} from "../../../components/core/cidr.ts";
import {
  addressRegex,
  interfaceFlags,
} from "../../../components/flannel/flannelInterfaces.ts";
import { cidr } from "../clusterFaults.ts";
import {
  bothNetworks,
  dualStack,
  flannelFaults,
  planOf,
  testFaults,
  withFlannel,
} from "./flannelSupport.ts";

const width = { 4: 32, 6: 128 } as const;
const families = fc.constantFrom<Family>(4, 6);

/** The bits of an address. Most groups of IPv6 are zero, small or full, so that `::` can replace several runs. */
const bits = (family: Family): fc.Arbitrary<bigint> =>
  family === 4
    ? fc.bigInt({ min: 0n, max: 2n ** 32n - 1n })
    : fc
        .array(
          fc.oneof(
            { weight: 3, arbitrary: fc.constant(0) },
            fc.constantFrom(1, 0xf, 0x10, 0xff, 0x100, 0xfff, 0x1000, 0xffff),
            fc.nat(0xffff),
          ),
          { minLength: 8, maxLength: 8 },
        )
        .map((groups) =>
          groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n),
        );

const blocks = families.chain((family) =>
  fc
    .tuple(bits(family), fc.nat(width[family]))
    .map(([value, prefix]): Cidr => block(family, value, prefix)),
);

function block(family: Family, value: bigint, prefix: number): Cidr {
  const size = 2n ** BigInt(width[family] - prefix);
  const first = (value / size) * size;
  const text = `${formatAddress(family, first)}/${prefix}`;
  return { family, prefix, first, last: first + size - 1n, text };
}

function address(family: Family, value: bigint): Address {
  return { family, value, text: formatAddress(family, value) };
}

/** Addresses in a block, at its edges, just outside, and with some of its bits. */
const near = (one: Cidr): fc.Arbitrary<Address> =>
  fc
    .tuple(bits(one.family), fc.nat(width[one.family]), fc.nat(3))
    .map(([value, shared, edge]) => {
      const low = 2n ** BigInt(width[one.family] - shared);
      const most = 2n ** BigInt(width[one.family]) - 1n;
      const candidates = [
        (one.first / low) * low + (value % low),
        one.first + (value % (one.last - one.first + 1n)),
        one.first === 0n ? 0n : one.first - 1n,
        one.last === most ? most : one.last + 1n,
      ];
      return address(one.family, candidates[edge] ?? 0n);
    });

const many = { numRuns: 5_000 };

test("the expression of a block matches exactly the addresses in it, whatever their zeros", () => {
  fc.assert(
    fc.property(
      blocks.chain((one) => fc.tuple(fc.constant(one), near(one))),
      ([one, ip]) => {
        const regex = new RegExp(addressRegex([one]));
        assert.equal(
          regex.test(ip.text),
          contains(one, ip),
          `${one.text} ${ip.text}`,
        );
      },
    ),
    many,
  );
});

test("the expression of every IPv6 block matches its first and last address, and not their neighbours outside", () => {
  for (let prefix = 0; prefix <= 128; prefix++) {
    for (const text of ["::", "fd00::", "fd00:0:0:1::", "1:0:2:0:3:0:4:0"]) {
      const value = BigInt(`0x${expand(text)}`);
      const one = block(6, value, prefix);
      const regex = new RegExp(addressRegex([one]));
      for (const near of [one.first - 1n, one.first, one.last, one.last + 1n]) {
        if (near >= 0n && near < 2n ** 128n) {
          const ip = address(6, near);
          assert.equal(
            regex.test(ip.text),
            contains(one, ip),
            `${one.text} ${ip.text}`,
          );
        }
      }
    }
  }
});

function expand(text: string): string {
  const [head = "", tail = ""] = text.split("::");
  const groups = (part: string) => (part === "" ? [] : part.split(":"));
  const zeros = 8 - groups(head).length - groups(tail).length;
  return [...groups(head), ...Array(zeros).fill("0"), ...groups(tail)]
    .map((group) => group.padStart(4, "0"))
    .join("");
}

test("every octet is matched by the expressions of exactly those blocks that contain it", () => {
  for (let prefix = 24; prefix <= 32; prefix++) {
    for (let start = 0; start < 256; start += 2 ** (32 - prefix)) {
      const one = cidr(`10.240.0.${start}/${prefix}`);
      const regex = new RegExp(addressRegex([one]));
      for (let last = 0; last < 256; last++) {
        const ip = address(4, 0x0af00000n + BigInt(last));
        assert.equal(
          regex.test(ip.text),
          contains(one, ip),
          `${one.text} ${ip.text}`,
        );
      }
    }
  }
});

test("the expression of several blocks matches the addresses that are in one of them, in both families", () => {
  fc.assert(
    fc.property(
      fc
        .array(blocks, { minLength: 1, maxLength: 4 })
        .chain((all) => fc.tuple(fc.constant(all), fc.oneof(...all.map(near)))),
      ([all, ip]) => {
        const inOne = all.some((one) => contains(one, ip));
        assert.equal(new RegExp(addressRegex(all)).test(ip.text), inOne);
      },
    ),
    { numRuns: 2_000 },
  );
});

test("the expression matches no name of an interface, to which flanneld applies it too", () => {
  const name = fc.stringMatching(/^([a-z0-9@._-]{1,15}|[0-9a-f]{1,15})$/);
  const wide = fc.constantFrom(cidr("0.0.0.0/0"), cidr("::/0"), cidr("::/1"));
  fc.assert(
    fc.property(fc.oneof(wide, blocks), name, (one, text) => {
      fc.pre(!/^[0-9]+(\.[0-9]+){3}$/.test(text));
      assert.doesNotMatch(text, new RegExp(addressRegex([one])));
    }),
  );
});

test("the expressions use only syntax that Go and JavaScript read alike", () => {
  fc.assert(
    fc.property(fc.array(blocks, { minLength: 1, maxLength: 3 }), (all) => {
      const inner = /^\^\((.*)\)\$$/.exec(addressRegex(all))?.[1] ?? "^";
      // literals, [classes] of digits and colons, groups, alternatives and bounded repetitions
      const rest = inner
        .replace(/\[[0-9a-f:]+(-[0-9a-f])?([0-9a-f]-[0-9a-f]:?)*\]/g, "0")
        .replace(/\{[0-9](,[0-9])?\}/g, "");
      assert.match(rest, /^(\\\.|[0-9a-f:|()*+?])*$/);
      assert.doesNotMatch(rest, /\(\?/);
    }),
  );
});

test("common blocks have expressions that people can read", () => {
  for (const [text, regex] of [
    ["10.240.0.0/24", "^(10\\.240\\.0\\.[0-9]+)$"],
    ["10.240.0.0/12", "^(10\\.(24[0-9]|25[0-5])\\.[0-9]+\\.[0-9]+)$"],
    ["192.168.56.16/28", "^(192\\.168\\.56\\.(1[6-9]|2[0-9]|3[0-1]))$"],
    ["10.240.0.10/32", "^(10\\.240\\.0\\.10)$"],
    ["2001:db8::/32", "^(2001:db8:[0-9a-f:]+)$"],
  ] as const) {
    assert.equal(addressRegex([cidr(text)]), regex);
  }
});

test("names come first, then expressions, then one expression for all CIDRs", () => {
  const interfaces = {
    names: ["enp0s8", "eth1"],
    regexes: ["^ens[0-9]+$", "(?i)wan"],
    cidrs: ["10.240.0.0/24", "fd00::/64"],
  };
  const flags = (cidrs: readonly Cidr[]) =>
    interfaceFlags({ ...interfaces, cidrs: [...cidrs] });
  const given = [
    "--iface=enp0s8",
    "--iface=eth1",
    "--iface-regex=^ens[0-9]+$",
    "--iface-regex=(?i)wan",
  ];
  assert.deepEqual(flags([]), given);
  const { flannel } = planOf({ network: bothNetworks, interfaces }, dualStack);
  const { cidrs } = flannel.interfaces;
  assert.deepEqual(
    cidrs.map(firstAddress).map(({ text }) => text),
    ["10.240.0.0", "fd00::"],
  );
  const [flag = "", ...more] = flags(cidrs).slice(4);
  assert.deepEqual(more, []);
  const regex = new RegExp(flag.replace(/^--iface-regex=/, ""));
  assert.match("10.240.0.20", regex);
  assert.match("fd00::2", regex);
  assert.doesNotMatch("10.241.0.20", regex);
});

testFaults([
  [
    "CIDRs that do not find an internal IP",
    withFlannel({
      interfaces: { cidrs: ["10.240.0.16/28", "192.168.0.0/16"] },
    }),
    "flannel.interfaces.cidrs: none of 10.240.0.16/28, 192.168.0.0/16 has the internal IP 10.240.0.10 of server",
  ],
  [
    "a CIDR that is none",
    withFlannel({ interfaces: { cidrs: ["10.240.0.10"] } }),
    'flannel.interfaces.cidrs[0]: "10.240.0.10" is not a CIDR, expected for example 10.200.0.0/24 or fd00:200::/64',
  ],
  [
    "CIDRs of one family on dual stack",
    withFlannel(
      { network: bothNetworks, interfaces: { cidrs: ["10.240.0.0/24"] } },
      dualStack,
    ),
    "flannel.interfaces.cidrs: has no IPv6 CIDR, which flannel.network with IPv6 needs too",
  ],
  [
    "a name that is too long",
    withFlannel({ interfaces: { names: ["eth0", "a".repeat(16)] } }),
    'flannel.interfaces.names[1]: "aaaaaaaaaaaaaaaa" is not allowed: expected the name of an interface, at most 15 characters; an address belongs into cidrs, as ADDRESS/32',
  ],
  [
    "an IPv4 address as a name, which flanneld would take for one",
    withFlannel({ interfaces: { names: ["10.240.0.20"] } }),
    'flannel.interfaces.names[0]: "10.240.0.20" is not allowed: expected the name of an interface, at most 15 characters; an address belongs into cidrs, as ADDRESS/32',
  ],
  [
    "an IPv6 address as a name",
    withFlannel({ interfaces: { names: ["fd00::1"] } }),
    'flannel.interfaces.names[0]: "fd00::1" is not allowed: expected the name of an interface, at most 15 characters; an address belongs into cidrs, as ADDRESS/32',
  ],
  [
    "an expression with a space",
    withFlannel({ interfaces: { regexes: ["a b"] } }),
    'flannel.interfaces.regexes[0]: "a b" is not allowed: expected 1 to 256 characters without spaces',
  ],
  [
    "a list that is text",
    withFlannel({ interfaces: { names: "eth0" } }),
    'flannel.interfaces.names: "eth0" is not of type array',
  ],
  [
    "a misspelt key",
    withFlannel({ interfaces: { name: ["eth0"] } }),
    "flannel.interfaces.name: is not a known key, did you mean names? Known keys: names, regexes, cidrs",
  ],
]);

for (const name of [".", "..", "a/b", "a:b", "a b", "a\u00a0b", "é", ""]) {
  test(`${JSON.stringify(name)} is refused as the name of an interface`, () => {
    assert.equal(flannelFaults({ interfaces: { names: [name] } }).length, 1);
  });
}

for (const name of [
  "eth0",
  "enp0s8.100",
  "br-lan",
  "wg@x",
  "10.1",
  "0",
  "a_b",
]) {
  test(`${name} is accepted as the name of an interface`, () => {
    assert.deepEqual(flannelFaults({ interfaces: { names: [name] } }), []);
  });
}

for (const regex of [
  "^10\\.240\\.",
  "(?i)ETH[0-9]",
  "e(n|th)[0-9]{1,3}$",
  "(?:a|b)",
  "(?P<name>a)",
  "(?i:eth)0",
]) {
  test(`the regular expression ${regex} is accepted`, () => {
    assert.deepEqual(flannelFaults({ interfaces: { regexes: [regex] } }), []);
  });
}

for (const regex of [
  "(?=a)",
  "(?!a)",
  "(?<=a)",
  "(?<!a)",
  "(a)\\1",
  "(",
  "a**",
  "[z-a]",
  "\\",
]) {
  test(`the regular expression ${regex} is refused, because Go cannot read it`, () => {
    assert.deepEqual(flannelFaults({ interfaces: { regexes: [regex] } }), [
      `flannel.interfaces.regexes[0]: ${JSON.stringify(regex)} is not allowed: expected a regular expression of Go, which has no look-around and no back references`,
    ]);
  });
}
