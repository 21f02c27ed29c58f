import type { Route } from "./plan";

/** The route table as text, one route a line in the words of `ip route`, aligned: `10.200.0.0/24 via 10.240.0.20  # worker-0`. */
export function routeTableText(table: readonly Route[]): string {
  const destination = widest(table.map((r) => r.destination));
  const nextHop = widest(table.map((r) => r.nextHop));
  return table
    .map(
      (r) =>
        `${r.destination.padEnd(destination)} via ${r.nextHop.padEnd(nextHop)} # ${r.node}`,
    )
    .join("\n");
}

/** The route table as a Mermaid flow chart: which pod CIDR is reached through which internal IP on which node. */
export function diagram(table: readonly Route[]): string {
  const rows = table.map(
    (r, i) =>
      `  r${i}(["${r.destination}"]) -->|"via ${r.nextHop}"| n${i}["${r.node}"]`,
  );
  return ["flowchart LR", ...rows].join("\n");
}

function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map((text) => text.length));
}
