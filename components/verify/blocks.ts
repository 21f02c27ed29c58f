import type { Cidr } from "../core/cidr.ts";

/** Blocks of addresses, to be asked which of them hold another one. The time for that does not depend on how many there are. */
export class Blocks {
  /** By family and prefix length, the blocks by their first address. */
  private readonly bySize = new Map<string, Map<bigint, Cidr>>();
  private readonly sizes: readonly Pick<Cidr, "family" | "prefix">[];

  constructor(blocks: readonly Cidr[]) {
    const sizes = new Map<string, Cidr>();
    for (const block of blocks) {
      const size = sizeOf(block);
      sizes.set(size, block);
      const same = this.bySize.get(size) ?? new Map<bigint, Cidr>();
      same.set(block.first, block);
      this.bySize.set(size, same);
    }
    this.sizes = [...sizes.values()].sort((a, b) => a.prefix - b.prefix);
  }

  /** Those that hold all of this block, the largest first. */
  holding({ family, prefix, first }: Cidr): Cidr[] {
    const bits = family === 4 ? 32 : 128;
    return this.sizes.flatMap((size): Cidr[] => {
      if (size.family !== family || size.prefix > prefix) {
        return [];
      }
      const rest = BigInt(bits - size.prefix);
      const start = (first >> rest) << rest;
      const block = this.bySize.get(sizeOf(size))?.get(start);
      return block === undefined ? [] : [block];
    });
  }
}

function sizeOf({ family, prefix }: Pick<Cidr, "family" | "prefix">): string {
  return `${family}/${prefix}`;
}
