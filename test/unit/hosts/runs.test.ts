import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import {
  formatAddress,
  parseAddress,
  parseCidr,
} from "../../../components/core/cidr.ts";
import {
  type Hop,
  readRouteLine,
  routeLines,
} from "../../../components/hosts/runs.ts";
import { root } from "../../../lab/paths.ts";
import { directory } from "../mockedStack.ts";

/** `count` routes, whose destinations and next hops are so far apart. */
function stretch(
  count: number,
  destination = 0x0ac80000,
  step = 256,
  prefix = 24,
  hop = 0x0af00014,
  hopStep = 1,
): Hop[] {
  return Array.from({ length: count }, (_, i) => ({
    destination: `${formatAddress(4, BigInt(destination + i * step))}/${prefix}`,
    nextHop: formatAddress(4, BigInt(hop + i * hopStep)),
  }));
}

/** The lines for these routes. */
function linesFor(hops: readonly Hop[]): string[] {
  return routeLines(
    hops.map(({ destination, nextHop }) => {
      const [cidr, address] = [parseCidr(destination), parseAddress(nextHop)];
      assert.ok(typeof cidr === "object" && typeof address === "object");
      return { cidr, nextHop: address };
    }),
  );
}

const read = (lines: readonly string[]) =>
  lines.flatMap((line) => readRouteLine(line.split(" ")));

test("the routes of a large cluster in sequence are one line", () => {
  assert.deepEqual(linesFor(stretch(100)), [
    "routes 100 from 10.200.0.0/24 via 10.240.0.20 to 10.200.99.0/24 via 10.240.0.119",
  ]);
});

test("the gap that a host's own route leaves makes two of it", () => {
  assert.deepEqual(linesFor(stretch(100).filter((_, i) => i !== 40)), [
    "routes 40 from 10.200.0.0/24 via 10.240.0.20 to 10.200.39.0/24 via 10.240.0.59",
    "routes 59 from 10.200.41.0/24 via 10.240.0.61 to 10.200.99.0/24 via 10.240.0.119",
  ]);
});

test("destinations in sequence with next hops in no order are listed one by one", () => {
  const hops = stretch(40).map((route, i) => ({
    ...route,
    nextHop: `10.240.0.${20 + ((i * i) % 97)}`,
  }));
  assert.equal(linesFor(hops).length, 40);
  assert.deepEqual(read(linesFor(hops)), hops);
});

test("few routes are listed one by one", () => {
  assert.deepEqual(linesFor(stretch(2)), [
    "route 10.200.0.0/24 via 10.240.0.20",
    "route 10.200.1.0/24 via 10.240.0.21",
  ]);
  assert.equal(linesFor(stretch(15)).length, 15);
});

test("routes of IPv6 are listed one by one", () => {
  const routes = Array.from({ length: 20 }, (_, i) => ({
    destination: `fd00:200:0:${(i + 1).toString(16)}::/64`,
    nextHop: `fd00::${(i + 1).toString(16)}`,
  }));
  assert.equal(linesFor(routes).length, 20);
  assert.deepEqual(read(linesFor(routes)), routes);
});

/** Tables with stretches of all kinds, and single routes in between. */
const tables = fc
  .array(
    fc.record({
      count: fc.integer({ min: 1, max: 40 }),
      prefix: fc.integer({ min: 20, max: 32 }),
      gap: fc.integer({ min: 1, max: 3 }),
      hop: fc.integer({ min: 10 * 2 ** 24, max: 120 * 2 ** 24 }),
      hopStep: fc.integer({ min: -20, max: 20 }),
    }),
    { maxLength: 6 },
  )
  .map((stretches) => {
    let next = 2 ** 31 - 2 ** 20;
    return stretches.flatMap(({ count, prefix, gap, hop, hopStep }) => {
      const step = gap * 2 ** (32 - prefix);
      next += 2 ** 20 - (next % 2 ** 20);
      return stretch(count, next, step, prefix, hop, hopStep);
    });
  });

test("lines stand for the routes that they were made of", () => {
  fc.assert(
    fc.property(tables, (routes) => {
      assert.deepEqual(read(linesFor(routes)), routes);
    }),
  );
});

test("a host reads the same routes", () => {
  const work = join(directory, "work");
  const file = join(root, "components/hosts/hostPodRoutes.sh");
  const [functions = ""] = readFileSync(file, "utf8").split(/^case /m);
  mkdirSync(join(work, ".next"), { recursive: true });
  const before = ["owner us", "node a 10.0.0.1", "adopt no", "heal 10"];
  const plan = `${functions}\nkernel_routes() { :; }\nWORK=$1 STATE=$1 NEXT=$1/.next\nplan`;
  fc.assert(
    fc.property(tables, (routes) => {
      spawnSync("sh", ["-c", plan, file, work], {
        input: [...before, ...linesFor(routes), "end", ""].join("\n"),
      });
      const lines = routes.map((r) => `${r.destination} via ${r.nextHop}\n`);
      assert.equal(
        readFileSync(join(work, ".next/routes"), "utf8"),
        lines.join(""),
      );
      assert.equal(readFileSync(join(work, "errors"), "utf8"), "");
      assert.equal(
        readFileSync(join(work, ".next/node"), "utf8"),
        "a 10.0.0.1\n",
      );
    }),
    { numRuns: 50 },
  );
});
