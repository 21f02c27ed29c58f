import assert from "node:assert/strict";
import { test } from "node:test";
import {
  diagram,
  routeTableText,
} from "../../../components/inventory/renderedTable.ts";
import { readme } from "../../../program/readme.ts";

const table = [
  { destination: "10.200.9.0/24", nextHop: "10.240.0.9", node: "node-9" },
  { destination: "10.200.10.0/24", nextHop: "10.240.0.10", node: "node-10" },
];

test("the table as text is aligned, one route a line in the words of ip route", () => {
  assert.equal(
    routeTableText(table),
    [
      "10.200.9.0/24  via 10.240.0.9  # node-9",
      "10.200.10.0/24 via 10.240.0.10 # node-10",
    ].join("\n"),
  );
});

test("the diagram is a Mermaid flow chart from pod CIDR to node", () => {
  assert.equal(
    diagram(table),
    [
      "flowchart LR",
      '  r0(["10.200.9.0/24"]) -->|"via 10.240.0.9"| n0["node-9"]',
      '  r1(["10.200.10.0/24"]) -->|"via 10.240.0.10"| n1["node-10"]',
    ].join("\n"),
  );
});

test("a node with two pod CIDRs is drawn once", () => {
  const six = { destination: "fd00:200::/64", nextHop: "fd00::9" };
  assert.deepEqual(
    diagram([...table, { ...six, node: "node-9" }]).split("\n"),
    [
      "flowchart LR",
      '  r0(["10.200.9.0/24"]) -->|"via 10.240.0.9"| n0["node-9"]',
      '  r2(["fd00:200::/64"]) -->|"via fd00::9"| n0["node-9"]',
      '  r1(["10.200.10.0/24"]) -->|"via 10.240.0.10"| n1["node-10"]',
    ],
  );
});

/** A table of so many workers. */
function workers(count: number) {
  return Array.from({ length: count }, (_, i) => ({
    destination: `10.${200 + (i >> 8)}.${i & 255}.0/24`,
    nextHop: `10.0.${i >> 8}.${i & 255}`,
    node: `worker-${i}`,
  }));
}

test("30 workers stand in two columns of 15, in order", () => {
  const lines = diagram(workers(30)).split("\n");
  const drawn = (from: number, to: number) =>
    lines.slice(from, to).map((line) => / (r\d+)\(\[/.exec(line)?.[1]);
  const names = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => `r${from + i}`);
  assert.deepEqual(lines.slice(1, 4), [
    "flowchart LR",
    '  subgraph left[" "]',
    "    direction LR",
  ]);
  assert.deepEqual(drawn(4, 19), names(0, 15));
  assert.deepEqual(lines.slice(19, 23), [
    "  end",
    "  style left fill:none,stroke:none",
    '  subgraph right[" "]',
    "    direction LR",
  ]);
  assert.deepEqual(drawn(23, 38), names(15, 30));
  assert.deepEqual(lines.slice(38), [
    "  end",
    "  style right fill:none,stroke:none",
    "  left ~~~ right",
  ]);
});

test("1,000 workers are cut down to what Mermaid draws, and the diagram and the readme say so", () => {
  const six = "fd00:1111:1111:1111:1111:1111:1111:1111";
  const long = workers(1000).map(({ node }) => ({
    destination: `${six}/128`,
    nextHop: six,
    node: node.padEnd(253, "n"),
  }));
  for (const all of [workers(1000), long]) {
    const text = diagram(all);
    assert.ok(text.length < 50_000, "maxTextSize");
    assert.ok(text.split(/-->|~~~/).length <= 500, "maxEdges");
    const more = "and 900 more: pulumi stack output routeTableText";
    assert.ok(text.includes(`more["${more}"]`));
    const page = readme(all, "prod", "look");
    assert.match(page, /^1000 routes, one a pod CIDR/m);
    assert.ok(page.includes(`|\n\n${more}\n\n\`\`\`mermaid\n`));
    assert.ok(page.length < 100_000);
  }
});

test("the readme is a page with the routes as a table and a picture, and how to check them", () => {
  assert.equal(
    readme(table, "prod", "ip route show proto 173"),
    `# Pod network routes

2 routes, one a pod CIDR, through the internal IP of the node that has it.

| pod CIDR | via | node |
| --- | --- | --- |
| \`10.200.9.0/24\` | \`10.240.0.9\` | node-9 |
| \`10.200.10.0/24\` | \`10.240.0.10\` | node-10 |

\`\`\`mermaid
${diagram(table)}
\`\`\`

## Verify

\`\`\`sh
npm run verify -- --stack prod
\`\`\`

compares these routes with the real ones and pings from pod to pod. By hand:

\`\`\`sh
ip route show proto 173
\`\`\`
`,
  );
});

test("an empty table is an empty text and an empty chart", () => {
  assert.equal(routeTableText([]), "");
  assert.equal(diagram([]), "flowchart LR");
});
