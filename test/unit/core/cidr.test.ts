import assert from "node:assert/strict";
import { test } from "node:test";
import {
  compareCidrs,
  contains,
  overlaps,
  parseAddress,
  parseCidr,
} from "../../../components/core/cidr.ts";
import { cidr } from "../clusterFaults.ts";

for (const text of [
  "0.0.0.0/0",
  "10.200.0.0/24",
  "10.200.0.20/32",
  "::/0",
  "fd00:200::/64",
  "fd00:200::20/128",
]) {
  test(`${text} is a CIDR in canonical form`, () => {
    assert.equal(cidr(text).text, text);
  });
}

test("a CIDR knows its lowest and its highest address", () => {
  const { first, last, prefix, family } = cidr("10.200.1.0/24");
  assert.deepEqual(
    { first, last, prefix, family },
    { first: 0x0ac80100n, last: 0x0ac801ffn, prefix: 24, family: 4 },
  );
});

test("an IPv6 CIDR reaches over all its 128 bits", () => {
  const { first, last, family } = cidr("fd00::/8");
  assert.deepEqual(
    { first, last, family },
    { first: 0xfdn << 120n, last: (0xfen << 120n) - 1n, family: 6 },
  );
});

const hostBits = "has host bits set, the canonical form is";
/** The beginning of the answer to a text that is not in the form of RFC 5952. */
const otherForm = "is not in canonical form, write";

for (const [text, answer] of [
  ["10.200.1.7/24", `${hostBits} 10.200.1.0/24`],
  ["10.200.1.0/16", `${hostBits} 10.200.0.0/16`],
  ["255.255.255.255/31", `${hostBits} 255.255.255.254/31`],
  ["10.0.0.1/0", `${hostBits} 0.0.0.0/0`],
  ["fd00:200::1/64", `${hostBits} fd00:200::/64`],
  ["FD00:200::1/64", `${hostBits} fd00:200::/64`],
  ["FD00:200::/64", `${otherForm} fd00:200::/64`],
  ["fd00:0200::/64", `${otherForm} fd00:200::/64`],
  ["fd00:200:0:0::/64", `${otherForm} fd00:200::/64`],
  ["fd00:200:0:0:0:0:0:0/64", `${otherForm} fd00:200::/64`],
  ["2001:db8:0:0:1:0:0:0/80", `${otherForm} 2001:db8:0:0:1::/80`],
  ["2001:db8::1:1:0:1:0/112", `${otherForm} 2001:db8:0:1:1:0:1:0/112`],
  ["10.200.0.0/33", "has prefix length 33, IPv4 allows 0 to 32"],
  ["fd00::/129", "has prefix length 129, IPv6 allows 0 to 128"],
] as const) {
  test(`the answer to ${text} is that it ${answer}`, () => {
    assert.equal(parseCidr(text), answer);
  });
}

for (const text of [
  "",
  "/",
  "/24",
  "10.200.0.0",
  "10.200.0.0/",
  "10.200.0.0/-1",
  "10.200.0.0/024",
  "10.200.0.0/+24",
  "10.200.0.0/24.0",
  "10.200.0.0/2e1",
  "10.200.0.0/255.255.255.0",
  "10.200.0.0/24/24",
  " 10.200.0.0/24",
  "10.200.0.0/24\n",
  "10.200/16",
  "010.200.0.0/16",
  "0x0a.200.0.0/16",
  "10.200.0.256/32",
  "fd00::/64%eth0",
  "fe80::1%eth0/64",
  "fd00::200::/64",
  "::ffff:10.200.0.0/120",
  "::10.200.0.0/120",
]) {
  test(`${JSON.stringify(text)} is no CIDR, and an example is given`, () => {
    assert.equal(
      parseCidr(text),
      "is not a CIDR, expected for example 10.200.0.0/24 or fd00:200::/64",
    );
  });
}

for (const [text, canonical] of [
  ["10.240.0.20", "10.240.0.20"],
  ["0.0.0.0", "0.0.0.0"],
  ["FD00::20", "fd00::20"],
  ["fd00:0:0:0:0:0:0:20", "fd00::20"],
  ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
  ["::", "::"],
] as const) {
  test(`the address ${text} is written ${canonical}`, () => {
    const address = parseAddress(text);
    assert.equal(typeof address === "object" && address.text, canonical);
  });
}

for (const [kind, text] of [
  ["in octal", "010.240.0.20"],
  ["in hex", "0x0a.240.0.20"],
  ["too short", "10.1"],
  ["one number", "183500820"],
  ["with an octet over 255", "10.240.0.256"],
  ["with a zone", "fe80::1%eth0"],
  ["with a port", "10.240.0.20:22"],
  ["in brackets", "[fd00::20]"],
  ["with a prefix", "10.240.0.20/32"],
  ["with a space", "10.240.0.20 "],
  ["with two gaps", "fd00::1::2"],
  ["with a group too many", "1:2:3:4:5:6:7:8:9"],
  ["of digits that are not ASCII", "１0.240.0.20"],
  ["empty", ""],
] as const) {
  test(`an address ${kind} is refused: ${JSON.stringify(text)}`, () => {
    assert.equal(
      parseAddress(text),
      "is not an IP address, expected for example 10.240.0.20 or fd00::20",
    );
  });
}

test("an IPv4-mapped address is answered with the IPv4 address", () => {
  assert.equal(
    parseAddress("::ffff:10.240.0.20"),
    "is an IPv4-mapped IPv6 address, write 10.240.0.20",
  );
});

test("CIDRs are ordered by number, not by text: IPv4 first, the larger block first", () => {
  const sorted = [
    "9.0.0.0/8",
    "10.0.0.0/8",
    "10.0.0.0/16",
    "10.9.0.0/24",
    "10.10.0.0/24",
    "::/0",
    "fd00::/8",
  ];
  const shuffled = [3, 6, 2, 5, 1, 4, 0].map((i) => cidr(sorted[i] ?? ""));
  assert.deepEqual(
    shuffled.sort(compareCidrs).map(({ text }) => text),
    sorted,
  );
});

for (const [a, b, expected] of [
  ["10.0.0.0/8", "10.200.0.0/24", true],
  ["10.200.0.0/24", "10.0.0.0/8", true],
  ["10.200.0.0/24", "10.200.0.0/24", true],
  ["10.200.0.0/24", "10.200.1.0/24", false],
  ["10.200.0.0/31", "10.200.0.2/31", false],
  ["::/0", "10.200.0.0/24", false],
  ["0.0.0.0/0", "::/96", false],
] as const) {
  test(`${a} ${expected ? "overlaps" : "does not overlap"} ${b}`, () => {
    assert.equal(overlaps(cidr(a), cidr(b)), expected);
  });
}

for (const [block, text, expected] of [
  ["10.240.0.0/24", "10.240.0.0", true],
  ["10.240.0.0/24", "10.240.0.255", true],
  ["10.240.0.0/24", "10.240.1.0", false],
  ["10.240.0.0/24", "10.239.255.255", false],
  ["::/0", "10.240.0.1", false],
] as const) {
  test(`${block} ${expected ? "contains" : "does not contain"} ${text}`, () => {
    const address = parseAddress(text);
    assert.ok(typeof address === "object");
    assert.equal(contains(cidr(block), address), expected);
  });
}
