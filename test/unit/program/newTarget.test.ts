import assert from "node:assert/strict";
import {
  cpSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { before, test } from "node:test";
import { run } from "../../../lab/exec.ts";
import { root } from "../../../lab/paths.ts";
import { temporaryDirectory } from "../../temporaryDirectory.ts";
import { worker } from "../clusterFaults.ts";

const project = temporaryDirectory("target");

/** A target `paper`, which writes its routes down: what a new folder of `components` has in it at least. */
const folder = {
  "components/paper/paperArgs.ts": `
import { z } from "zod";
import { Faults } from "../core/faults.ts";
import { complete, parseKeys, strict } from "../core/schema.ts";
import { type NodeNetworkArgs, nodeNetworkKeys, readCluster } from "../inventory/clusterArgs.ts";
import type { Node } from "../inventory/nodes.ts";

export interface PaperPodRoutesArgs extends NodeNetworkArgs {
  /** The colour of the ink. */
  ink?: string;
}

export const paperArgsSchema = strict({
  ...nodeNetworkKeys,
  ink: z.enum(["blue", "black"]).default("blue"),
});

interface PaperPlan extends z.output<typeof paperArgsSchema> {
  readonly cluster: readonly Node[];
}

export function readPaperArgs(value: unknown, faults = new Faults()): PaperPlan {
  const args = parseKeys(paperArgsSchema, value, "", faults);
  const { nodes: cluster } = readCluster(args, faults);
  return complete<PaperPlan>({ ...args, cluster }, faults);
}
`,
  "components/paper/paperPodRoutes.ts": `
import * as pulumi from "@pulumi/pulumi";
import { diagram, routeTableText } from "../inventory/renderedTable.ts";
import { type Route, routeTable } from "../inventory/routeTable.ts";
import { orInputError } from "../stack/inputError.ts";
import { type PaperPodRoutesArgs, readPaperArgs } from "./paperArgs.ts";

export class PaperPodRoutes extends pulumi.ComponentResource {
  readonly routeTable: pulumi.Output<Route[]>;
  readonly routeTableText: pulumi.Output<string>;
  readonly diagram: pulumi.Output<string>;
  readonly ink: pulumi.Output<string>;

  constructor(name: string, args: PaperPodRoutesArgs) {
    const plan = orInputError(() => readPaperArgs(args));
    super("pod-network-routes:index:PaperPodRoutes", name, { ...args });
    const table = routeTable(plan.cluster);
    this.routeTable = pulumi.output(table);
    this.routeTableText = pulumi.output(routeTableText(table));
    this.diagram = pulumi.output(diagram(table));
    this.ink = pulumi.output(plan.ink);
  }
}
`,
  "components/paper/paperTarget.ts": `
import type { Target } from "../stack/target.ts";
import { type PaperPodRoutesArgs, paperArgsSchema, readPaperArgs } from "./paperArgs.ts";
import type { PaperPodRoutes } from "./paperPodRoutes.ts";

export const paper: Target<PaperPodRoutes> = {
  name: "paper",
  schema: paperArgsSchema,
  documentation: "PaperPodRoutesArgs",
  outputs: ["ink"],
  check: readPaperArgs,
  async declare(args: PaperPodRoutesArgs) {
    const { PaperPodRoutes } = await import("./paperPodRoutes.ts");
    return new PaperPodRoutes("routes", args);
  },
  lookCommand: ({ ink }) => ink.apply((colour) => \`look for \${colour} ink\`),
};
`,
};

/** Runs index.ts with Pulumi's mocks and prints its outputs, or the error that ends it. */
const program = `
import * as pulumi from "@pulumi/pulumi";
import index from "./index.ts";

const name = "pod-network-routes";
await pulumi.runtime.setMocks(
  { newResource: ({ inputs }) => ({ id: "id", state: inputs }), call: ({ inputs }) => inputs },
  name,
);
const config = JSON.parse(process.argv[2] ?? "");
const text = (value: unknown) => typeof value === "string" ? value : JSON.stringify(value);
pulumi.runtime.setAllConfig(
  Object.fromEntries(Object.entries(config).map(([key, value]) => [\`\${name}:\${key}\`, text(value)])),
);
try {
  const outputs = pulumi.output(await index());
  outputs.apply((values) => console.log(JSON.stringify(values)));
} catch (error) {
  console.log(JSON.stringify({ error: String(error) }));
}
`;

const touched: string[] = [];

function change(path: string, text: (before: string) => string): void {
  const before = readFileSync(join(project, path), "utf8");
  const after = text(before);
  assert.notEqual(after, before, path);
  writeFileSync(join(project, path), after);
  touched.push(path);
}

before(() => {
  for (const name of [
    "index.ts",
    "package.json",
    "Pulumi.yaml",
    "components",
    "program",
    "lab",
    "test/unit/program/pulumiYaml.test.ts",
  ]) {
    cpSync(join(root, name), join(project, name), { recursive: true });
  }
  symlinkSync(join(root, "node_modules"), join(project, "node_modules"));
  for (const [path, text] of Object.entries(folder)) {
    mkdirSync(dirname(join(project, path)), { recursive: true });
    writeFileSync(join(project, path), text);
    touched.push(path);
  }
  change("program/targets.ts", (text) =>
    text
      .replace(
        /^/,
        'import { paper } from "../components/paper/paperTarget.ts";\n',
      )
      .replace("  flannel,\n", "  flannel,\n  paper,\n"),
  );
  change(
    "Pulumi.yaml",
    (text) =>
      `${text.trimEnd()}\n  ink:\n    type: string\n    default: blue\n    description: The colour of the ink\n`,
  );
  writeFileSync(join(project, "run.ts"), program);
});

/** Runs Node.js in the copy of the project; returns what it prints. */
function node(...args: string[]): Promise<string> {
  return run(process.execPath, args, { cwd: project });
}

async function outputs(config: object): Promise<Record<string, unknown>> {
  return JSON.parse(await node("run.ts", JSON.stringify(config)));
}

const nodes = [worker("worker-0", "10.240.0.20", "10.200.0.0/24")];

test("a stack of a new target has its routes, its outputs and its readme", async () => {
  const found = await outputs({ target: "paper", nodes, ink: "black" });
  assert.deepEqual(Object.keys(found), [
    "routeTable",
    "routeTableText",
    "diagram",
    "ink",
    "readme",
  ]);
  assert.deepEqual(found.routeTable, [
    {
      destination: "10.200.0.0/24",
      nextHop: "10.240.0.20",
      node: "worker-0",
    },
  ]);
  assert.equal(found.ink, "black");
  assert.match(String(found.readme), /^look for black ink$/m);
});

test("the keys of a new target are checked, and refused with another target", async () => {
  const wrong = await outputs({ target: "paper", nodes, ink: "red" });
  assert.match(String(wrong.error), /- ink: "red" is not allowed/);
  const other = await outputs({ target: "aws", nodes, ink: "black" });
  assert.match(String(other.error), /- ink: .* only paper$/m);
});

test("Pulumi.yaml and the reference of the configuration have the new target", async () => {
  await node("--test", "test/unit/program/pulumiYaml.test.ts");
  const script =
    'import { configuration } from "./lab/docs/configuration.ts"; console.log(configuration());';
  writeFileSync(join(project, "reference.ts"), script);
  const reference = await node("reference.ts");
  const [, keys = ""] = reference.split("## Keys of paper\n");
  assert.match(
    keys,
    /^\| `ink` \| `blue` or `black` \| `blue` \| The colour of the ink\. \|$/m,
  );
});

test("CONTRIBUTING.md lists every file that a new target touches", () => {
  const [, section = ""] = readFileSync(
    join(root, "CONTRIBUTING.md"),
    "utf8",
  ).split(/^## A new target$/m);
  const [list = ""] = section.split(/^## /m);
  for (const path of touched) {
    const listed = path.replaceAll("paper", "<target>");
    assert.ok(list.includes(`\`${listed}\``), listed);
  }
});
