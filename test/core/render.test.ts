import assert from "node:assert/strict";
import { test } from "node:test";
import { diagram, routeTableText } from "../../components/core/render";

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

test("an empty table is an empty text and an empty chart", () => {
  assert.equal(routeTableText([]), "");
  assert.equal(diagram([]), "flowchart LR");
});
