import { readFileSync, writeFileSync } from "node:fs";

const files = [1, 2, 3].map(
  (i) => `/proc/sys/net/ipv4/neigh/default/gc_thresh${i}`,
);

/**
 * Sees to it that the kernel keeps this many neighbours in mind. Its table is one for all network
 * namespaces: past the second of three limits, 512, it throws some away again. Returns what undoes it.
 */
export function makeRoomForNeighbours(count: number): () => void {
  const before = files.map((file) => readFileSync(file, "utf8"));
  for (const [i, wanted] of [count, 2 * count, 4 * count].entries()) {
    if (Number(before[i]) < wanted) {
      writeFileSync(files[i] ?? "", String(wanted));
    }
  }
  return () => {
    for (const [i, text] of before.entries()) {
      writeFileSync(files[i] ?? "", text);
    }
  };
}
