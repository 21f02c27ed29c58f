import type { Cidr } from "../core/cidr.ts";

/** The blocks of one size. */
interface Size extends Pick<Cidr, "family" | "prefix"> {
  readonly byFirst: Map<bigint, Cidr>;
}

/** Finds the blocks that contain another block. The time for that does not depend on the number of blocks. */
export class CidrIndex {
  private readonly sizes: readonly Size[];

  constructor(blocks: readonly Cidr[]) {
    const sizes = new Map<string, Size>();
    for (const block of blocks) {
      const { family, prefix, first } = block;
      const key = `${family}/${prefix}`;
      const size = sizes.get(key) ?? { family, prefix, byFirst: new Map() };
      size.byFirst.set(first, block);
      sizes.set(key, size);
    }
    this.sizes = [...sizes.values()].sort((a, b) => a.prefix - b.prefix);
  }

  /** The blocks that contain all of this block, the largest first. */
  containing({ family, prefix, first }: Cidr): Cidr[] {
    const bits = family === 4 ? 32 : 128;
    return this.sizes
      .filter((size) => size.family === family && size.prefix <= prefix)
      .map((size) => {
        const hostBits = BigInt(bits - size.prefix);
        return size.byFirst.get((first >> hostBits) << hostBits);
      })
      .filter((block) => block !== undefined);
  }
}
