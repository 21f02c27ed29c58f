/** What a command prints, up to a limit. The memory stays in proportion to the limit, in however small pieces it comes. */
export class Printed {
  private bytes = Buffer.alloc(0);
  private length = 0;

  readonly most: number;

  /** @param most how many bytes are taken */
  constructor(most: number) {
    this.most = most;
  }

  /** Adds another piece. Returns false, and adds nothing, if that is too much. */
  add(piece: Buffer): boolean {
    const length = this.length + piece.length;
    if (length > this.most) {
      return false;
    }
    if (length > this.bytes.length) {
      // the size doubles, so that in all less than twice the printed bytes are copied
      const larger = Buffer.alloc(Math.max(length, 2 * this.bytes.length));
      this.bytes.copy(larger, 0, 0, this.length);
      this.bytes = larger;
    }
    piece.copy(this.bytes, this.length);
    this.length = length;
    return true;
  }

  get text(): string {
    return this.bytes.toString("utf8", 0, this.length);
  }
}
