import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import {
  findHostKey,
  isPinnableKey,
  parseKnownHosts,
} from "../../../components/ssh/knownHosts.ts";
import { assertLinear } from "../growth.ts";

const ed25519 = "ssh-ed25519 AAAAed";
const ecdsa = "ecdsa-sha2-nistp256 AAAAec";
const rsa = "ssh-rsa AAAArsa";

function find(text: string, names: string | string[], port = 22) {
  return findHostKey(parseKnownHosts(text), [names].flat(), port);
}

function hashed(name: string): string {
  const salt = Buffer.from("twenty bytes of salt");
  const hash = createHmac("sha1", salt).update(name).digest("base64");
  return `|1|${salt.toString("base64")}|${hash}`;
}

for (const [what, patterns, name, port, found] of [
  ["a plain name", "node-0", "node-0", 22, true],
  ["a plain name, of another host", "node-0", "node-00", 22, false],
  ["a name in capitals", "NODE-0", "node-0", 22, true],
  ["a list of names", "node-0,10.240.0.20", "10.240.0.20", 22, true],
  ["an IPv6 address", "fd00::20", "fd00::20", 22, true],
  ["a dot, which is no wildcard", "10.240.0.20", "10.240.0x20", 22, false],
  ["a name with a port", "[node-0]:2222", "node-0", 2222, true],
  ["a name with a port, at port 22", "[node-0]:2222", "node-0", 22, false],
  ["a name with another port", "[node-0]:2222", "node-0", 2223, false],
  ["a plain name, at another port", "node-0", "node-0", 2222, false],
  ["a hashed name", hashed("node-0"), "node-0", 22, true],
  ["a hashed name, of another host", hashed("node-0"), "node-1", 22, false],
  ["a hashed name with a port", hashed("[node-0]:2222"), "node-0", 2222, true],
  ["a star", "10.240.*", "10.240.0.20", 22, true],
  ["a star, elsewhere", "10.240.*", "10.241.0.20", 22, false],
  ["a question mark", "node-?", "node-0", 22, true],
  ["a question mark, for two characters", "node-?", "node-10", 22, false],
  ["a star but not this one", "*,!node-0", "node-0", 22, false],
  ["a star but not another", "*,!node-1", "node-0", 22, true],
  ["only what it is not", "!node-1", "node-0", 22, false],
] as const) {
  test(`${what}: ${found ? "the key is found" : "no key is found"}`, () => {
    assert.equal(
      find(`${patterns} ${ed25519}`, name, port),
      found ? ed25519 : undefined,
    );
  });
}

test("comments, blank lines, comments behind a key and Windows line ends mean nothing", () => {
  const text = `# node-0 ${ecdsa}\r\n\r\n  node-0 ${ed25519} root@node-0\r\n`;
  assert.equal(find(text, "node-0"), ed25519);
});

for (const line of [
  "node-0",
  "node-0 ssh-ed25519",
  "#node-0 ssh-ed25519 AAAA",
]) {
  test(`"${line}" is no entry`, () => {
    assert.deepEqual(parseKnownHosts(line), []);
  });
}

test("Ed25519 is preferred over ECDSA, whatever comes first", () => {
  assert.equal(find(`a ${ecdsa}\na ${ed25519}`, "a"), ed25519);
  assert.equal(find(`a ${ed25519}\na ${ecdsa}`, "a"), ed25519);
});

test("ECDSA is found beside RSA", () => {
  assert.equal(find(`a ${rsa}\na ${ecdsa}`, "a"), ecdsa);
});

test("RSA alone is no key to pin", () => {
  assert.equal(find(`a ${rsa}`, "a"), undefined);
});

test("a host is found under any of its names, the first one first", () => {
  const text = `alias ${ecdsa}\nname ${ed25519}`;
  assert.equal(find(text, ["10.240.0.20", "name", "alias"]), ed25519);
  assert.equal(find(text, ["10.240.0.20", "alias", "name"]), ecdsa);
});

test("a revoked key is not found", () => {
  assert.equal(find(`a ${ed25519}\n@revoked a ${ed25519}`, "a"), undefined);
  assert.equal(find(`@revoked * ${ed25519}\na ${ed25519}`, "a"), undefined);
});

test("a key that is revoked for a hashed name is not found", () => {
  const text = `a ${ed25519}\n@revoked ${hashed("a")} ${ed25519}`;
  assert.equal(find(text, "a"), undefined);
  assert.equal(find(text.replace("a ", "b "), "b"), ed25519);
});

test("a pattern with many stars costs time in proportion to its length", () => {
  assertLinear(500, 24, (size) =>
    find(`${"*a".repeat(size)}*b ${ed25519}`, "a".repeat(64)),
  );
});

test("a host whose key is found costs no comparison with the hashed lines behind it", () => {
  const line = (name: string) => `${hashed(name)} ${ed25519}`;
  const others = Array.from({ length: 20_000 }, (_, i) => line(`node-${i}`));
  const entries = parseKnownHosts([line("a"), ...others].join("\n"));
  const time = (name: string) => {
    const start = process.hrtime.bigint();
    findHostKey(entries, [name, "other"], 22);
    return Number(process.hrtime.bigint() - start);
  };
  assert.ok(time("a") * 10 < time("nowhere"));
});

test("a revoked key leaves the host's other keys", () => {
  const text = `a ${ed25519}\na ${ecdsa}\n@revoked a ${ed25519}`;
  assert.equal(find(text, "a"), ecdsa);
});

test("a key that is revoked under one name of a host is revoked under all", () => {
  const text = `@revoked 10.240.0.20 ${ed25519}\nname ${ed25519}`;
  assert.equal(find(text, ["10.240.0.20", "name"]), undefined);
});

for (const marker of ["@cert-authority", "@unknown"]) {
  test(`a line marked ${marker} is no host key`, () => {
    assert.equal(find(`${marker} * ${ed25519}`, "a"), undefined);
    assert.equal(find(`${marker} * ${ed25519}\na ${ecdsa}`, "a"), ecdsa);
  });
}

for (const [key, pinnable] of [
  [ed25519, true],
  [`${ed25519}==`, true],
  [`${ed25519} root@node-0`, true],
  ["ecdsa-sha2-nistp521 AAAA", true],
  [rsa, false],
  ["ssh-ed25519", false],
  ["AAAA", false],
  [`node-0 ${ed25519}`, false],
  ["ssh-ed25519 AA-A", false],
  [`${ed25519} a b`, false],
  ["", false],
] as const) {
  test(`"${key}" can ${pinnable ? "" : "not "}be pinned`, () => {
    assert.equal(isPinnableKey(key), pinnable);
  });
}
