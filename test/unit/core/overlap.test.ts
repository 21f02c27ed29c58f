import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatAddress } from "../../../components/core/cidr.ts";
import type { NodeArgs } from "../../../components/inventory/nodes.ts";
import { nodes, validated } from "../clusterFaults.ts";

/** A block as the bits it begins with: another way to see it than the code under test has. */
interface Block {
  readonly family: 4 | 6;
  readonly bits: string;
}

// Few bits, so that many blocks overlap; the first byte (10 or fd) is fixed.
const block: fc.Arbitrary<Block> = fc.record({
  family: fc.constantFrom(4, 6),
  bits: fc.stringMatching(/^[01]{8,14}$/),
});

function text({ family, bits }: Block): string {
  const width = family === 4 ? 32 : 128;
  const whole = (family === 4 ? "00001010" : "11111101") + bits;
  const first = BigInt(`0b${whole.padEnd(width, "0")}`);
  return `${formatAddress(family, first)}/${whole.length}`;
}

function overlap(a: Block, b: Block): boolean {
  return (
    a.family === b.family &&
    (a.bits.startsWith(b.bits) || b.bits.startsWith(a.bits))
  );
}

function node(i: number, podCidr: Block, ...ips: string[]): NodeArgs {
  const internalIp =
    ips.length > 0 ? ips : [`172.16.0.${i + 1}`, `fe00::${i + 1}`];
  return {
    name: `n${i}`,
    internalIp,
    podCidrs: [text(podCidr)],
    address: `n${i}`,
  };
}

test("pod CIDRs are found to overlap exactly when a comparison of all pairs finds it", () => {
  fc.assert(
    fc.property(fc.array(block, { minLength: 1, maxLength: 14 }), (blocks) => {
      const found = validated(nodes(...blocks.map((b, i) => node(i, b))));
      const named = found.map((fault) => {
        const [, at, first, second] =
          /^nodes\[(\d+)\]: pod CIDR "(\S+)" (?:overlaps|is also that) .*\(nodes\[(\d+)\]\)/.exec(
            fault,
          ) ?? [];
        assert.ok(first, fault);
        return [Number(at), Number(second)] as const;
      });
      for (const [at, other] of named) {
        const [a, b] = [blocks[at], blocks[other]];
        assert.ok(a && b && at !== other && overlap(a, b), `${at} ${other}`);
      }
      const pairs = blocks.flatMap((a, i) =>
        blocks.flatMap((b, j) => (i < j && overlap(a, b) ? [[i, j]] : [])),
      );
      for (const [i, j] of pairs) {
        assert.ok(
          named.some(([at]) => at === i || at === j),
          `${i} ${j}`,
        );
      }
    }),
    { numRuns: 300 },
  );
});

test("an internal IP is found in a pod CIDR exactly when a comparison of all pairs finds it", () => {
  const host: fc.Arbitrary<Block> = fc.record({
    family: fc.constantFrom(4, 6),
    bits: fc.stringMatching(/^[01]{14}$/),
  });
  const clusters = fc
    .uniqueArray(fc.tuple(host, block), {
      minLength: 1,
      maxLength: 12,
      selector: ([ip]) => ip.family + ip.bits,
    })
    .filter((all) =>
      all.every(([, a], i) =>
        all.every(([, b], j) => i === j || !overlap(a, b)),
      ),
    );
  fc.assert(
    fc.property(clusters, (all) => {
      const found = validated(
        nodes(
          ...all.map(([ip, podCidr], i) => {
            const other =
              ip.family === 4 ? `fe00::${i + 1}` : `172.16.0.${i + 1}`;
            return node(i, podCidr, text(ip).split("/")[0] ?? "", other);
          }),
        ),
      );
      const expected = all.flatMap(([, podCidr], i) =>
        all.flatMap(([ip], j) =>
          overlap(podCidr, { ...ip, bits: ip.bits.padEnd(120, "0") })
            ? [`${i} ${j}`]
            : [],
        ),
      );
      const named = found.map((fault) =>
        fault.replace(
          /^nodes\[(\d+)\]: .* contains the internal IP \S+ of n(\d+):.*$/,
          "$1 $2",
        ),
      );
      assert.deepEqual(named.sort(), expected.sort());
    }),
    { numRuns: 300 },
  );
});
