import type { Route } from "./plan";

/** The route table as text, one route a line in the words of `ip route`, aligned: `10.200.0.0/24 via 10.240.0.20 # worker-0`. */
export function routeTableText(table: readonly Route[]): string {
  return aligned(
    table.map((r) => [r.destination, `via ${r.nextHop}`, `# ${r.node}`]),
    " ",
  );
}

/** The route table as a Mermaid flow chart: which pod CIDR is reached through which internal IP on which node. */
export function diagram(table: readonly Route[]): string {
  const rows = table.map(
    (r, i) =>
      `  r${i}(["${r.destination}"]) -->|"via ${r.nextHop}"| n${i}["${r.node}"]`,
  );
  return ["flowchart LR", ...rows].join("\n");
}

/** Rows of cells as text, every column as wide as its widest cell, no space at the end of a line. */
export function aligned(
  rows: readonly (readonly string[])[],
  separator: string,
): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    }
  }
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join(separator)
        .trimEnd(),
    )
    .join("\n");
}
