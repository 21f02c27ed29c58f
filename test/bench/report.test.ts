import assert from "node:assert/strict";
import { test } from "node:test";
import type { Kind } from "../../bench/contender.ts";
import { figuresCsv } from "../../bench/csvFile.ts";
import { type Figure, median, ratios } from "../../bench/figures.ts";
import { peersPicture, plannerPicture } from "../../bench/pictures.ts";
import { report } from "../../bench/report.ts";
import { readSettings } from "../../bench/settings.ts";
import { markdownTable, spread } from "../../bench/text.ts";
import { yardsticks } from "../../bench/yardsticks.ts";

function figure(
  contender: string,
  hosts: number,
  round: number,
  wallSeconds: number,
): Figure {
  const cost = { wallSeconds, cpuSeconds: wallSeconds / 2 };
  return { hosts, round, contender, measure: "apply", cost, stateBytes: 2000 };
}

const figures: Figure[] = [
  figure("ours", 100, 1, 4),
  figure("ansible", 100, 1, 40),
  figure("ours", 100, 2, 9),
  figure("ansible", 100, 2, 45),
  figure("ours", 100, 3, 9),
  {
    hosts: 100,
    round: 3,
    contender: "ansible",
    measure: "apply",
    refused: 'node-0: routes: 1 "instead" of 2,\nmissing',
  },
];

test("a median is the middle one, or between the two middle ones", () => {
  assert.equal(median([]), undefined);
  assert.equal(median([3]), 3);
  assert.equal(median([5, 1, 3]), 3);
  assert.equal(median([4, 1, 3, 2]), 2.5);
});

test("ratios are round by round, and only of rounds that both have", () => {
  const of = (id: string) => figures.filter((one) => one.contender === id);
  assert.deepEqual(ratios(of("ours"), of("ansible")), [0.1, 0.2]);
});

test("a spread is the median and how far the values go", () => {
  assert.equal(spread([]), "");
  assert.equal(spread([0.123456]), "0.123");
  assert.equal(spread([12.34, 1.234, 123.4]), "12.3 (1.23–123)");
});

test("tables are Markdown's", () => {
  assert.equal(
    markdownTable([
      ["a", "b"],
      ["1", "2"],
    ]),
    "| a | b |\n| --- | ---: |\n| 1 | 2 |\n",
  );
});

test("the CSV has every figure, and why one was refused", () => {
  const [head, first, ...rest] = figuresCsv(figures).trimEnd().split("\n");
  assert.equal(
    head,
    "hosts,round,contender,measure,wall_s,cpu_s,state_bytes,memory_tree_mib,memory_program_mib,refused",
  );
  assert.equal(first, "100,1,ours,apply,4.000,2.000,2000,,,");
  assert.equal(
    rest.at(-1),
    '100,3,ansible,apply,,,,,,"node-0: routes: 1 ""instead"" of 2, missing"',
  );
});

test("yardsticks are those that something was measured of", () => {
  const planned = [{ workers: 5000, milliseconds: 250, heapMiB: 4 }];
  assert.deepEqual(yardsticks(figures, planned), [
    {
      what: "first apply, 100 hosts: ours ÷ Ansible",
      most: 0.2,
      values: [0.1, 0.2],
    },
    { what: "planning 5,000 workers, seconds", most: 1, values: [0.25] },
  ]);
});

test("what was measured with the scattered inventory is held to a yardstick of its own", () => {
  const scattered = [
    figure("floor", 100, 1, 2),
    figure("ours-scattered", 100, 1, 5),
  ];
  assert.deepEqual(yardsticks(scattered, []), [
    {
      what: "first apply, 100 hosts, scattered: ours ÷ engine floor",
      most: 1.35,
      values: [2.5],
    },
  ]);
  const kinds = [
    { ...kind("ours-scattered", "ours"), layout: "scattered" as const },
    { ...kind("floor", "floor"), changesNothing: true },
    kind("ansible", "ansible-core"),
  ];
  const text = report({
    kinds,
    figures: [...scattered, ...figures],
    planned: [],
    about: [],
    pictures: [],
  });
  const [, table = ""] = text.split("| 100 hosts, scattered |");
  const [ratiosOfScattered = ""] = table.split("\n\n");
  assert.match(ratiosOfScattered, /\| floor \| 2.50 \|/);
  assert.doesNotMatch(ratiosOfScattered, /ansible/);
});

test("the report begins with ratios, and names what was refused", () => {
  const kinds = [kind("ours", "ours"), kind("ansible", "ansible-core")];
  const text = report({
    kinds,
    figures,
    planned: [],
    pictures: ["peers.svg"],
    about: ["a machine"],
  });
  assert.match(
    text,
    /\| first apply, 100 hosts: ours ÷ Ansible \| ≤ 0.2 \| 0.150 \(0.100–0.200\) \| yes \|/,
  );
  assert.match(
    text,
    /\| ansible-core \| 0.150 \(0.100–0.200\) \| {2}\| {2}\| {2}\|/,
  );
  assert.match(text, /\| ours \| 9.00 \(4.00–9.00\) \|.*\| 4.50 \| 2.00 kB \|/);
  assert.match(text, /\| ansible \| 100 \| 3 \| apply \| `node-0: routes/);
});

test("pictures have a line for each contender that was measured", async () => {
  const lines = (svg: string) => svg.match(/"line mark"/g)?.length;
  const svg = await peersPicture(
    [kind("ours", "a < b & c")],
    [...figures, figure("ours", 300, 1, 20)],
  );
  assert.match(svg, /^<svg .*<\/svg>\n$/s);
  assert.match(svg, />a &lt; b &amp; c</);
  assert.equal(lines(svg), 1);
  const planned = [50, 500].map((workers) => ({
    workers,
    milliseconds: workers / 10,
    heapMiB: workers / 100,
  }));
  const planner = await plannerPicture(planned);
  assert.match(planner, />linear</);
  // two panels, each with what was measured and with what would be linear
  assert.equal(lines(planner), 4);
});

test("settings that make no sense are refused", () => {
  assert.deepEqual(readSettings(["--hosts", "3:2,30"]).rounds, [
    { hosts: 3, rounds: 2 },
    { hosts: 30, rounds: 1 },
  ]);
  assert.throws(() => readSettings(["--hosts", "many"]), /whole numbers/);
  assert.throws(() => readSettings(["--slow"]), /--slow/);
  assert.deepEqual(readSettings(["--inventory", "scattered"]).layouts, [
    "scattered",
  ]);
  assert.throws(() => readSettings(["--inventory", "sorted"]), /scattered/);
});

function kind(id: string, title: string): Kind {
  return {
    id,
    title,
    version: "1",
    again: "does everything again",
    start: () => Promise.reject(new Error("it is not started here")),
  };
}
