import type { Route } from "./routeTable.ts";

/** The route table as text, one route a line in the words of `ip route`, aligned: `10.200.0.0/24 via 10.240.0.20 # worker-0`. */
export function routeTableText(table: readonly Route[]): string {
  return aligned(
    table.map((r) => [r.destination, `via ${r.nextHop}`, `# ${r.node}`]),
    " ",
  );
}

/** As many routes as a picture or a page for people shows. Mermaid itself gives up at 500 edges (`maxEdges`) and at 50,000 characters (`maxTextSize`). */
const shownRoutes = 100;

/** Up to this many nodes stand in one column. */
const oneColumn = 12;

/** The first routes of a table, as many as people look at, and where there are more, a line that says so. */
export function firstRoutes(table: readonly Route[]): {
  routes: readonly Route[];
  more: string | undefined;
} {
  const left = table.length - shownRoutes;
  return {
    routes: table.slice(0, shownRoutes),
    more:
      left > 0
        ? `and ${left} more: pulumi stack output routeTableText`
        : undefined,
  };
}

/**
 * The route table as a Mermaid flow chart: which pod CIDR is reached through which internal IP on which
 * node, by node. Many nodes stand in two columns: one would be too high to look at, more too small to read.
 */
export function diagram(table: readonly Route[]): string {
  const { routes, more } = firstRoutes(table);
  const nodes = [...new Set(routes.map(({ node }) => node))];
  const rows = nodes.map((node, n) =>
    routes.flatMap((route, r) =>
      route.node === node
        ? [
            `r${r}(["${route.destination}"]) -->|"via ${route.nextHop}"| n${n}["${node}"]`,
          ]
        : [],
    ),
  );
  const last = more === undefined ? [] : [`more["${more}"]`];
  if (nodes.length <= oneColumn) {
    return lines("flowchart LR", indented([...rows.flat(), ...last]));
  }
  const half = Math.ceil(nodes.length / 2);
  return lines(
    '%%{init: {"flowchart": {"nodeSpacing": 12}}}%%',
    "flowchart LR",
    indented([
      ...column("left", rows.slice(0, half).flat()),
      ...column("right", [...rows.slice(half).flat(), ...last]),
      "left ~~~ right",
    ]),
  );
}

/** Rows in a box of their own, which is not drawn. */
function column(name: string, rows: readonly string[]): string[] {
  return [
    `subgraph ${name}[" "]`,
    ...indented(["direction LR", ...rows]),
    "end",
    `style ${name} fill:none,stroke:none`,
  ];
}

function indented(rows: readonly string[]): string[] {
  return rows.map((row) => `  ${row}`);
}

function lines(...parts: readonly (string | string[])[]): string {
  return parts.flat().join("\n");
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
